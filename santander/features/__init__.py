"""What was known about a customer before a month's products were known."""
