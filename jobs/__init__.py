"""One file per verb, wiring only: settings, read, pure step, write. Imports happen inside, so help stays quick."""
