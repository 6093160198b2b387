"""Training a logged run anew, from the versions of the tables and the recipe that it logged."""
