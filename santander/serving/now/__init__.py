"""Lists by the model, now: from records of customers, known or not, to what each is most likely to add."""
