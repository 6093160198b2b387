"""Entry point of the ``santander`` command: signals are taken care of before anything that takes time is imported."""


def main() -> None:
    """Run the command."""
    from santander.engine.ending import end_by_signals

    end_by_signals()
    from santander.cli.app import main as run

    run()
