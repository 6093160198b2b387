"""Answer recommendations over HTTP from the month that is published."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings


@verb
def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on [default: 127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port [default: 8000]; 0: any free one.")] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", min=0, max=65535, help="Metrics of worker k: this port + k [default: 9108]; 0: none."),
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes that answer [default: 1].")] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Answer recommendations over HTTP from the month that 'publish' wrote, until a signal ends it.

    One line with the address comes when it is ready; logs are JSON lines on standard error. Without keys ('santander keys') it
    listens on this machine only.
    """
    from santander.serving.http.supervisor import Supervisor

    given = {"host": host, "port": port, "metrics_port": metrics_port, "workers": workers}
    http = settings.serving.http.model_copy(update={name: value for name, value in given.items() if value is not None})
    payload, signalled = Supervisor(settings, http).run()
    return Outcome(payload, exit_code=128 + signalled)
