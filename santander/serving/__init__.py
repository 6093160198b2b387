"""The service: lists and the model behind HTTP, independent of every other server while it answers."""
