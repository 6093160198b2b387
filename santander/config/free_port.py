"""Whether a port of this machine can be listened on, asked before a server of others is started there."""

import socket

from santander.errors import InputError

HOST = "127.0.0.1"


def refuse_taken(port: str, target: str) -> None:
    """Raise InputError for a port that cannot be used; ``target`` is what make calls the pages that were to be there."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, int(port)))
        except (OSError, ValueError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) else "no number of a port"
            raise InputError(
                f"port {port} cannot be used ({why})", example=port, hint=f"name another one, as in 'make {target} PORT=5001'"
            ) from None
