"""What a month must look like to be trusted: rules on the tables, checked by Great Expectations, shown as pages."""
