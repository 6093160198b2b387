"""Recommendations for every customer of a month, and the competition's submission file."""
