"""Submissions at Kaggle: sending the file, waiting for the score, and what is recorded of it.

The client of Kaggle (extra ``kaggle``) is imported where it is used: most people never need it.
"""
