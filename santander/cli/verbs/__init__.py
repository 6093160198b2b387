"""One file per verb, wiring only: options in, a step called, its result shown.

Heavy imports happen inside the functions, so help stays quick.
"""
