"""MLflow's pages, opened at the view for reviews: ``python -m santander.registry.review_page PORT [OPTIONS]``.

The options are those of ``mlflow ui``. The runs are those of the state folder that STATE names, else of the one of the settings.
The addresses are printed, and the first is opened where there is a browser.
"""

import os
import sys
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path

from santander.config.free_port import HOST, refuse_taken
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.registry.tracking import experiment_id, has_registry, open_tracking, tracking_uri

_PAUSE = 0.2
_BROWSERS = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
"""Variables of who has a browser with windows; without one, webbrowser would start one of text in the terminal."""


def main(port: str, *options: str) -> None:
    """Serve the pages until the process is ended; where a server is named in the settings, show the addresses there.

    Raises InputError when nothing was registered yet, and when the port cannot be used.
    """
    state = os.environ.get("STATE")
    settings = Settings.load(data_dir=str(Path(state).absolute().parent), state_dir=state) if state else Settings.load()
    if not has_registry(settings):
        raise InputError(
            f"{settings.state} has no runs yet", hint="'make run' makes them, or name another state folder by STATE="
        )
    uri = tracking_uri(settings)
    if not uri.startswith("sqlite:"):
        _show(review_pages(uri.rstrip("/"), settings))
        return
    refuse_taken(port, "mlflow")
    base = f"http://{HOST}:{port}"
    pages = review_pages(base, settings)
    threading.Thread(target=_show_when_ready, args=(base, pages), daemon=True).start()
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")  # seven processes that nothing here needs
    from mlflow.cli import cli

    cli(["ui", "--workers", "1", "--host", HOST, "--port", port, "--backend-store-uri", uri, *options], prog_name="mlflow")


def review_pages(base: str, settings: Settings) -> dict[str, str]:
    """Return the addresses of the runs in the view Review and of the versions, on a server that answers at ``base``."""
    number = experiment_id(settings, open_tracking(settings))
    return {
        "runs to review": f"{base}/#/experiments/{number}/runs?viewStateShareKey=review&workflowType=machine_learning",
        "versions": f"{base}/#/models/{settings.mlflow.registered_model}",
    }


def _show_when_ready(base: str, pages: dict[str, str]) -> None:
    while True:
        try:
            urllib.request.urlopen(f"{base}/health", timeout=5).close()  # noqa: S310  (our own server)
        except OSError:
            time.sleep(_PAUSE)
        else:
            _show(pages)
            return


def _show(pages: dict[str, str]) -> None:
    for name, address in pages.items():
        print(f"{name:<14}  {address}", flush=True)
    if sys.platform == "darwin" or any(os.environ.get(name) for name in _BROWSERS):
        webbrowser.open(next(iter(pages.values())))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except SantanderError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
