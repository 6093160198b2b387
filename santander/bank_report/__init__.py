"""The bank held against the facts it is calibrated to: what the written files show, and what they should."""
