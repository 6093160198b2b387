"""A family of features looked at before it is built (``santander features --preview``): its values, and what they tell."""
