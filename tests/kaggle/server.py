"""A server on this machine that speaks the part of Kaggle's API that submissions take.

Names and shapes are those of ``kagglesdk`` 0.1: a POST of JSON to ``/api/v1/<service>/<method>``, then a PUT of the bytes to
the address that was given. The client's own switch KAGGLE_API_ENVIRONMENT=TEST calls it at localhost:7777.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.needs import lacking

PORT = 7777
USERNAME, KEY, TOKEN = "analyst", "0123456789abcdef", "KGAT_0123456789"
COMPETITION = "santander-product-recommendation"
SECONDS_FOR_THE_PORT = 30


@dataclass
class KaggleServer:
    """What the server was asked and given, and how it is to answer."""

    asked: list[str] = field(default_factory=list)
    """Method names in the order they were called."""
    uploads: dict[str, bytes] = field(default_factory=dict)
    submissions: list[dict[str, Any]] = field(default_factory=list)
    pending_answers: int = 0
    """How often a list still says pending."""
    public_score: str = "0.03050"
    failing: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """By method name the errors to answer with, one after the other, before it goes well."""
    error_description: str | None = None

    def count(self, method: str) -> int:
        """How often a method was called."""
        return self.asked.count(method)

    def answer(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a call of the API, as JSON."""
        if body.get("competitionName", COMPETITION) != COMPETITION:
            return {"code": 404, "message": "Competition not found"}
        return getattr(self, f"_{method}")(body)

    def _StartSubmissionUpload(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (the API's name)
        token = f"upload-{len(self.uploads)}-{body['contentLength']}"
        return {"token": token, "createUrl": f"http://localhost:{PORT}/upload/{token}"}

    def _CreateSubmission(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if body["blobFileTokens"] not in self.uploads:
            return {"code": 400, "message": "Submission file not found"}
        reference = 41000000 + len(self.submissions)
        self.submissions.append(
            {
                "ref": reference,
                "date": "2026-11-21T20:00:00.123Z",
                "description": body.get("submissionDescription", ""),
                "fileName": "2016-06.csv",
                "totalBytes": len(self.uploads[body["blobFileTokens"]]),
            }
        )
        return {"message": "Successfully submitted to Santander Product Recommendation", "ref": reference}

    def _ListSubmissions(self, _body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if self.submissions and self.pending_answers > 0:
            self.pending_answers -= 1
            return {"submissions": [{**each, "status": "PENDING"} for each in reversed(self.submissions)]}
        if self.error_description:
            scored = {"status": "ERROR", "errorDescription": self.error_description}
        else:
            scored = {"status": "COMPLETE", "publicScore": self.public_score, "privateScore": "0.02990"}
        return {"submissions": [{**each, **scored} for each in reversed(self.submissions)], "nextPageToken": ""}


@contextmanager
def kaggle_server() -> Iterator[KaggleServer]:
    """Serve until left. Waits for the port, which only one test run of a machine can have at a time."""
    state = KaggleServer()
    server = _bound(state)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _bound(state: KaggleServer) -> ThreadingHTTPServer:
    deadline = time.monotonic() + SECONDS_FOR_THE_PORT
    while True:
        try:
            return ThreadingHTTPServer(("127.0.0.1", PORT), type("Handler", (_Handler,), {"state": state}))
        except OSError as error:
            if time.monotonic() > deadline:
                lacking(f"port {PORT}, which Kaggle's client calls in tests, is taken: {error}")
            time.sleep(0.2)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: KaggleServer
    allowed = ("Basic " + base64.b64encode(f"{USERNAME}:{KEY}".encode()).decode(), f"Bearer {TOKEN}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        service, method = self.path.removeprefix("/api/v1/").split("/")
        self.state.asked.append(method)
        if self.headers.get("Authorization") not in self.allowed:
            self._reply(401, {"code": 401, "message": "Unauthenticated"})
        elif failures := self.state.failing.get(method):
            status, said = failures.pop(0)
            self._reply(status, {"code": status, "message": said}, {"Retry-After": "7"} if status == 429 else {})
        elif service != "competitions.CompetitionApiService":
            self._reply(404, {"code": 404, "message": "Not found"})
        else:
            answer = self.state.answer(method, body)
            self._reply(answer.get("code", 200), answer)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.state.asked.append("PUT")
        token = self.path.removeprefix("/upload/")
        if failures := self.state.failing.get("PUT"):
            self._reply(failures.pop(0)[0], {})
        elif int(token.rpartition("-")[2]) != len(content):
            self._reply(400, {"message": "other bytes than were announced"})
        else:
            self.state.uploads[token] = content
            self._reply(200, {})

    def _reply(self, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        encoded = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: object) -> None:
        pass
