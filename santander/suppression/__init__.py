"""Who was erased and must not come back: keyed hashes of ids, which ingest holds every line against."""

ERASED = "erased"
"""The reason in quarantine of a line of an erased customer: it has no text and nothing to correct, and does not count into
the share of a month that refuses an ingest."""
