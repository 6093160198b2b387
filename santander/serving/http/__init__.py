"""The service as HTTP: a supervisor, workers that answer from a mapped snapshot, routes, limits, and their description."""
