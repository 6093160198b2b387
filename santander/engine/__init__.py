"""The engine that runs DataFrames: a session on demand, its memory, its end, and how Spark is started and shipped."""
