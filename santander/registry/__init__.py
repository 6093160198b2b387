"""MLflow: runs, versions, the champion, and the gate. MLflow takes seconds to import, so it is imported where it is used."""
