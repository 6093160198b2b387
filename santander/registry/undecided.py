"""What keeps the gate from deciding, said in one line: nobody is promoted by an error."""

from collections.abc import Iterator
from contextlib import contextmanager

from santander.errors import SantanderError, is_out_of_space, telling_line
from santander.registry.versions import NoChampion


class Undecided(SantanderError):
    """Something kept the gate from deciding; the exit code is that of what it was."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{in_one_line(error)}; no version was promoted, the alias champion stays where it is")
        self.exit_code = error.exit_code if isinstance(error, SantanderError) else SantanderError.exit_code


@contextmanager
def failing_closed() -> Iterator[None]:
    """Say of any error on the way to a decision that nobody was promoted."""
    try:
        yield
    except Exception as error:
        if isinstance(error, Undecided | NoChampion) or is_out_of_space(error):
            raise
        raise Undecided(error) from error


def in_one_line(error: Exception) -> str:
    """An error in one line."""
    return str(error) if isinstance(error, SantanderError) else telling_line(error)
