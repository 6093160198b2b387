"""Monthly product recommendation on the Santander customer records."""
