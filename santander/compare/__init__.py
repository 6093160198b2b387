"""Whether two data folders hold the same: what two engines, two runs or a replay left, compared without an engine."""
