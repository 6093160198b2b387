"""The domain: months, the 24 products and their bits, the columns of the landing files."""
