"""The Delta tables: reading, writing with its checks, commits, locks, the past."""
