"""Memory: what a step will need, what it may use, and how much of the work is therefore done at a time."""
