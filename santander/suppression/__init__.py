"""Forgetting a person: out of every table, file and store, and not back in by the next ingest."""

ERASED = "erased"
"""The reason in quarantine of a line of an erased customer: it has no text and nothing to correct, and does not count into
the share of a month that refuses an ingest."""
