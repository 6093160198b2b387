"""What each step was made from, and what is out of date."""
