"""What the months of a table look like in figures: the table ``month_profiles``, from which drift is told."""
