"""The features of families that users add: their views of a month, what a file makes of them, the table."""
