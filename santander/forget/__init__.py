"""Forgetting a person: out of every table, file and store, and not back in by the next ingest (``santander forget``)."""
