"""Keeping the tables small: compaction, vacuum, the entries of their logs."""
