"""Places of files: a local path or a key in a bucket, how engines spell them, packed files."""
