"""What ingest and features left, recomputed by a third engine (DuckDB) from the landing files and compared figure by figure.

Nothing here imports the rules or the steps that it judges: rules of values, bits of products, lags and lists are written
out once more, in DuckDB's SQL.
"""
