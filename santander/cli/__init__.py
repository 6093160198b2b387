"""The command line: options, verbs, errors as one line and an exit code."""
