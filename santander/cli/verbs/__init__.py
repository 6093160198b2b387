"""cli.verbs"""
