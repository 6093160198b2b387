"""The monthly run: its steps in order, each skipped where nothing changed (``santander run``, ``santander status``)."""
