"""Settings from ``conf/``, the environment and options, each checked once."""
