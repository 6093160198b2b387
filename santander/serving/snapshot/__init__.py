"""The snapshot of a month: files that a worker maps into memory and answers from."""
