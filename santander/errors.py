"""Errors a user can cause. The command line shows each as one line and maps it to an exit code."""


class SantanderError(Exception):
    """Something the user should hear about in one line; ends with exit code 1."""

    exit_code = 1


class InputError(SantanderError):
    """Bad input or usage: a file, an option or a setting is not what the command needs; exit code 2."""

    exit_code = 2
