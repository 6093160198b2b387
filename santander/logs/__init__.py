"""What a run says: to the terminal, and to a file of its own below the state folder."""
