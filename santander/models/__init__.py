"""Models that say, for a customer and a month, which products come next."""
