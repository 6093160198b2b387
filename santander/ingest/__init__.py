"""From landing files to the tables customers, quarantine and ingestions."""
