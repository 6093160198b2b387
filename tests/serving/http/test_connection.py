"""What comes on one connection is answered in its order, whole, whichever way a request is answered."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest

from tests.serving.http.served import Answer, Served, until

HOST = b"Host: localhost\r\n"
CHANGING = {"date", "x-request-id", "content-length"}


def get(path: str, more: bytes = b"", method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    return b"%b %b HTTP/%b\r\n%b%b\r\n" % (method, path.encode(), version, HOST, more)


def post(*customers: int) -> bytes:
    body = json.dumps({"customer_ids": customers}).encode()
    return b"POST /v1/recommendations HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (HOST, len(body), body)


def of(customer: int, query: str = "") -> str:
    return f"/v1/customers/{customer}/recommendations?fallback=popularity{query}"


@contextmanager
def connected(service: Served) -> Iterator[tuple[socket.socket, BinaryIO]]:
    with service.socket() as connection, connection.makefile("rb") as read:
        yield connection, read


def answer(read: BinaryIO, *, has_body: bool = True) -> Answer:
    """The next answer of a connection."""
    status = int(read.readline().split()[1])
    headers = {name.lower(): value for name, value in http.client.parse_headers(read).items()}
    return Answer(status, headers, read.read(int(headers["content-length"]) if has_body else 0))


def asked_for(answered: Answer) -> Any:
    body = answered.json
    return body["customer_id"] if "customer_id" in body else [each["customer_id"] for each in body["results"]]


def test_requests_that_come_together_are_answered_in_their_order(service: Served) -> None:
    with connected(service) as (connection, read):
        connection.sendall(get(of(1)) + get(of(2)) + post(3, 4) + get(of(5)) + post(6) + post(7) + get(of(8)))
        assert [asked_for(answer(read)) for _ in range(7)] == [1, 2, [3, 4], 5, [6], [7], 8]
        connection.sendall(post(9) + get(of(10)) + get("/health"))
        assert [asked_for(answer(read)) for _ in range(2)] == [[9], 10]
        assert answer(read).json == {"status": "ok"}


def test_a_request_that_comes_in_pieces_is_answered(service: Served) -> None:
    with connected(service) as (connection, read):
        whole = get(of(5))
        for begin in range(0, len(whole), 9):
            connection.sendall(whole[begin : begin + 9])
        assert asked_for(answer(read)) == 5
        both = get(of(6)) + get(of(7))
        connection.sendall(both[:-10])
        connection.sendall(both[-10:])
        assert [asked_for(answer(read)) for _ in range(2)] == [6, 7]


def test_a_caller_who_does_not_read_gets_every_answer_in_the_end(service: Served) -> None:
    """So many that the system's buffers are full: the service waits with the rest."""
    customers = range(1, 8001)
    with connected(service) as (connection, read):
        sending = threading.Thread(target=connection.sendall, args=(b"".join(get(of(each)) for each in customers),))
        sending.start()
        assert service.ask("/health").status == 200, "others are answered meanwhile"
        assert [asked_for(answer(read)) for _ in customers] == list(customers)
        sending.join()


def test_a_head_alone_is_asked_for_and_the_connection_goes_on(service: Served) -> None:
    with connected(service) as (connection, read):
        connection.sendall(get("/v1/products", method=b"HEAD"))
        head = answer(read, has_body=False)
        connection.sendall(get("/v1/products"))
        whole = answer(read)
        assert (head.status, head.headers["content-length"]) == (200, str(len(whole.content)))
        assert whole.headers.keys() == head.headers.keys()


@pytest.mark.parametrize(
    "request_", [get(of(1), b"Connection: close\r\n"), get(of(1), version=b"1.0"), get("/none", b"Connection: close\r\n")]
)
def test_a_connection_is_closed_after_the_answer_where_the_caller_asks_for_that(service: Served, request_: bytes) -> None:
    with connected(service) as (connection, read):
        connection.sendall(request_ + get(of(2)))
        assert answer(read).headers["connection"] == "close"
        assert read.read() == b""


def test_a_body_that_nobody_asked_for_is_not_taken_for_the_next_request(service: Served) -> None:
    hidden = get("/v1/products")
    with connected(service) as (connection, read):
        connection.sendall(get("/health", b"Content-Length: %d\r\n" % len(hidden)) + hidden + get("/v1/model"))
        assert answer(read).json == {"status": "ok"}
        assert "model_version" in answer(read).json
        chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
        connection.sendall(get("/health", b"Transfer-Encoding: chunked\r\n") + chunked + get("/v1/model"))
        assert answer(read).json == {"status": "ok"}
        assert "model_version" in answer(read).json


@pytest.mark.parametrize("path", ["/v1/products", "/v1/customers/5/recommendations", "/none", "/docs", "/v1/recommendations"])
def test_both_ways_of_answering_say_the_same(service: Served, path: str) -> None:
    """An address that has to be decoded, and one with a body, go by way of ASGI."""
    with connected(service) as (connection, read):
        encoded = path[:-1] + f"%{ord(path[-1]):02X}"
        answers = []
        for request in (get(path), get(encoded), get(path, b"Content-Length: 0\r\n")):
            connection.sendall(request)
            answers.append(answer(read))
        assert len({each.status for each in answers}) == 1
        told = [{name: value for name, value in each.headers.items() if name not in CHANGING} for each in answers]
        assert told[0] == told[1] == told[2]
        bodies = [each.content.replace(each.headers["x-request-id"].encode(), b"") for each in answers]
        assert bodies[0] == bodies[1] == bodies[2]
        assert len({each.headers["x-request-id"] for each in answers}) == 3


def test_every_request_is_a_line_of_the_log_whichever_way_it_went(service: Served) -> None:
    with connected(service) as (connection, read):
        connection.sendall(get(of(11)) + get(of(12)) + get("/v1/%6Dodel") + get("/none"))
        answers = [answer(read) for _ in range(4)]
    ids = [each.headers["x-request-id"] for each in answers]

    def lines() -> list[dict[str, Any]] | None:
        found = [each for each in service.events() if each.get("request_id") in ids]
        return found if len(found) == len(ids) else None

    found = until(lines, "the lines of the requests")
    assert [each["request_id"] for each in found] == ids
    customer = "/v1/customers/{customer_id}/recommendations"
    assert [each["route"] for each in found] == [customer, customer, "/v1/model", "none"]
    assert [each["status"] for each in found] == [200, 200, 200, 404]
