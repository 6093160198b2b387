"""How good a model's lists are: MAP@7 beside its ceiling, its oracle and the popularity baseline."""
