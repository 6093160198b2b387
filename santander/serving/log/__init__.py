"""The log of answers: a ring in each worker, segments on local disk, and the table ``predictions``, written by one committer."""
