"""MLflow: runs, registered versions, the champion, and the gate a challenger must pass.

MLflow takes seconds to import, so it is imported where it is used.
"""
