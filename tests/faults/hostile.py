"""Hostile requests as bytes: what a scanner, a broken client or an attacker sends, in kinds, each drawn anew by a seed.

Every one of them carries CANARY, which no refusal and no log may repeat.
"""

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

CANARY = "c4nary-7f3a"
_CANARY = CANARY.encode()
_MEBIBYTE = 1 << 20
_LISTS, _SCORE = "/v1/recommendations", "/v1/score"

_TEXTS = (
    "%s%s%s%n", "{0}{a.__class__}", "${jndi:ldap://127.0.0.1/a}", "' OR 1=1; DROP TABLE predictions; --",
    "<script>alert(1)</script>",
    "{{7*7}}", "$(reboot)", "`id`", "../../../../etc/passwd", "\r\nSet-Cookie: a=b", "\x00", "\u202e\u0000\ufffe", "\ud800",
    "\udfff\ud800",
    "٣", "²", "1_000", "0x10", "1e5", "NaN", "Infinity", "null", "true", "-0", "9" * 400, "", " ", "é" * 200,
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    *_TEXTS, None, True, False, 0, -1, 7.0, 0.1, -0.0, 1e308, -1e308, 5e-324, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64,
    -(2**63) - 1,
    10**18, 10**300, [], {}, [[]], [None], [{}], {"": None}, {"a": {"b": {"c": []}}}, {"__proto__": {"a": 1}}, [0] * 24,
    ["0"] * 25,
)  # fmt: skip
_FIELDS = (
    "customer_id", "ncodpers", "snapshot_date", "fecha_dato", "age", "household_income", "renta", "segment", "joined_on",
    "province_code", "cod_prov", "is_active", "sex", "country", "channel", "history", "records", "customer_ids", "top",
    "__class__",
)  # fmt: skip


@dataclass(frozen=True)
class Hostile:
    """One of them: its kind, and what is sent on a connection."""

    kind: str
    sent: bytes


def hostile_requests(key: str, draws: random.Random, count: int) -> Iterator[Hostile]:
    """Yield so many, one kind after the other; ``key`` is one that opens everything, so that they get as far as they can."""
    made = _Making(key, draws)
    kinds: dict[str, Callable[[], bytes]] = {
        name.removeprefix("of_"): getattr(made, name) for name in dir(made) if name.startswith("of_")
    }
    for number in range(count):
        kind = list(kinds)[number % len(kinds)]
        yield Hostile(kind, kinds[kind]())


class _Making:
    """Makes a request of each kind."""

    def __init__(self, key: str, draws: random.Random) -> None:
        self._key, self._draws = key.encode(), draws

    def _head(self, line: bytes, *more: bytes, close: bool = True) -> bytes:
        lines = [line, b"Host: localhost", b"Authorization: Bearer " + self._key, b"X-Canary: " + _CANARY]
        return b"\r\n".join([*lines, *([b"Connection: close"] if close else []), *more, b"", b""])

    def _post(self, body: bytes, *more: bytes, path: str | None = None) -> bytes:
        path = path or self._draws.choice([_LISTS, _SCORE])
        return self._head(b"POST %b HTTP/1.1" % path.encode(), b"Content-Length: %d" % len(body), *more) + body

    def _json(self, value: Any, path: str | None = None) -> bytes:
        return self._post(json.dumps(value).encode(), path=path)

    def _get(self, target: bytes) -> bytes:
        return self._head(b"GET " + target + b" HTTP/1.1")

    def of_nested(self) -> bytes:
        deep = self._draws.choice([900, 5_000, 200_000])
        opened, closed = self._draws.choice([(b"[", b"]"), (b'{"a":', b"}"), (b'{"records":[', b"]}")])
        inside = opened * deep + b'"%b"' % _CANARY + closed * self._draws.choice([0, deep])
        begin, end = self._draws.choice(
            [(b"", b""), (b'{"records": [{"age": ', b"}]}"), (b'{"customer_ids": [1], "list": ', b"}")]
        )
        return self._post(begin + inside + end)

    def of_numbers(self) -> bytes:
        number = self._draws.choice(
            [b"1e999", b"-1e999", b"9" * 5_000, b"-" + b"9" * 60_000, b"1e-999", b"0." + b"3" * 10_000, b"NaN", b"01",
             b"1.", b".5", b"+1", b"0x1F", b"1E400", b"-0", b"1e18", b"-Infinity", b"123456789012345678901234567890"]
        )  # fmt: skip
        field = self._draws.choice(_FIELDS).encode()
        shape = self._draws.choice(
            [b'{"customer_ids": [%b]}', b'{"customer_ids": [1], "top": %b}', b'{"records": [{"' + field + b'": %b}]}', b"%b"]
        )
        return self._post(shape % number)

    def of_bad_text(self) -> bytes:
        bad = self._draws.choice(
            [b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80", b"\x00", b"\\ud800", b"\\ud800\\u0041",
            b"\\u0000", b"\\x41"]
        )  # fmt: skip
        place = self._draws.choice(
            [b'{"records": [{"segment": "%b"}]}', b'{"records": [{"%b": "c4nary-7f3a"}]}',
            b'{"customer_ids": [1], "list": "%b"}', b'{"%b": 1}']
        )  # fmt: skip
        body = place % bad
        return self._post(self._draws.choice([body, body, b"\xef\xbb\xbf" + body, body.decode("latin-1").encode("utf-16")]))

    def of_twice(self) -> bytes:
        bodies = (
            b'{"customer_ids": [1], "customer_ids": ["c4nary-7f3a"]}',
            b'{"records": [{"age": 3, "age": "c4nary-7f3a"}], "records": 1}',
            b'{"records": [{"age": 30, "age": []}], "features": true, "features": "c4nary-7f3a"}',
        )
        return self._post(self._draws.choice(bodies))

    def of_wrong_types(self) -> bytes:
        """A body that is right but for one place, anywhere in it."""
        record = {"customer_id": 15889, "age": 35, "segment": "02", "history": {"2016-05": [0] * 24}}
        right: Any = self._draws.choice(
            [
                {"customer_ids": [15889, 15890], "top": 3, "list": "offers", "lang": "es", "fallback": "popularity"},
                {"records": [record, {"age": 20}], "features": True},
            ]
        )
        right = json.loads(json.dumps(right))
        path = _LISTS if "customer_ids" in right else _SCORE
        places: list[tuple[Any, Any]] = list(_places(right))
        inside, name = self._draws.choice(places)
        inside[name] = self._draws.choice(_VALUES)
        return self._json(right, path)

    def of_values(self) -> bytes:
        """A record with anything in any field."""
        records: list[Any] = [
            {name: self._draws.choice(_VALUES) for name in self._draws.sample(_FIELDS, self._draws.randrange(1, 8))}
            for _ in range(self._draws.randrange(1, 5))
        ]
        records.append({"history": {self._draws.choice((*_TEXTS, "2016-05", "0000-00", "9999-99")): self._draws.choice(_VALUES)}})
        return self._json({"records": records, "features": self._draws.random() < 0.5}, _SCORE)

    def of_long(self) -> bytes:
        long = self._draws.choice([CANARY, "é", "\ud83d"]) * (_MEBIBYTE // 12)
        bodies: list[Any] = [
            {"records": [{"segment": long}]}, {"records": [{long: 1}]}, {"customer_ids": [1], "list": long}, {long: 1},
            {"records": [{"history": {long: [0] * 24}}]}, {"records": [{"history": {"2016-05": [long] * 24}}]},
        ]  # fmt: skip
        return self._json(self._draws.choice(bodies))

    def of_many(self) -> bytes:
        bodies: list[Any] = [
            {"records": [{f"{CANARY}{n}": n for n in range(20_000)}]},
            {"records": [{"history": {f"{year:04}-01": [0] * 24 for year in range(3_000)}}]},
            {"records": [{}] * 1_000}, {"records": [{}] * 1_001}, {"records": [[]] * 1_000},
            {"customer_ids": list(range(1_000))}, {"customer_ids": [7] * 1_000}, {"customer_ids": list(range(100_000))},
            {f"{CANARY}{n}": n for n in range(50_000)},
        ]  # fmt: skip
        return self._json(self._draws.choice(bodies))

    def of_encoded(self) -> bytes:
        """Bodies that say they are packed: 20 MB of blanks in a few kilobytes, and such as are no pack at all."""
        body = self._draws.choice([gzip.compress(b" " * 20 * _MEBIBYTE), b"\x1f\x8b" + _CANARY, b'{"customer_ids": [1]}'])
        coding = self._draws.choice([b"gzip", b"deflate", b"br", b"gzip, gzip", b"identity", _CANARY])
        return self._post(
            body, b"Content-Encoding: " + coding, b"Content-Type: " + self._draws.choice([b"text/xml", b"a" * 3_000])
        )

    def of_chunks(self) -> bytes:
        chunks = self._draws.choice(
            [
                b"-1\r\n", b"ffffffffffffffffff\r\n", b"7fffffffffffffff\r\n", b"g\r\n", b"\r\n", b"5\r\nabc",
                b"5\r\nabcdefgh\r\n0\r\n\r\n",
                b"2;" + b"x" * 20_000 + b"\r\n{}\r\n0\r\n\r\n", b"2\r\n{}\r\n0\r\nX-Canary: %b\r\n\r\n" % _CANARY,
                b"2 \r\n{}\r\n0\r\n\r\n",
                b"0x2\r\n{}\r\n0\r\n\r\n", b"1\r\n{\r\n" * 3_000 + b"0\r\n\r\n", b"2\n{}\n0\n\n", b"0\r\n\r\n" * 50,
            ]
        )  # fmt: skip
        return self._head(b"POST %b HTTP/1.1" % _LISTS.encode(), b"Transfer-Encoding: chunked") + chunks

    def of_smuggled(self) -> bytes:
        """Two lengths for one body, behind which another request hides: it must not be answered (``is_smuggled``)."""
        hidden = b"GET /v1/model?%b HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n\r\n" % (_CANARY, self._key)
        lengths = self._draws.choice(
            [
                [b"Content-Length: 5", b"Transfer-Encoding: chunked"], [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
                [b"Content-Length: 5", b"Content-Length: 500"], [b"Content-Length: 5, 500"], [b"Content-Length: +5"],
                [b"Content-Length: 5x"],
                [b"Transfer-Encoding: xchunked", b"Content-Length: 5"], [b"Transfer-Encoding: chunked, identity"],
                [b"Transfer-Encoding : chunked"], [b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"],
                [b"Content-Length: 99999999999999999999999"], [b"Content-Length: -5"], [b"Content-Length: 0x5"],
                [b"Content-Length: \t5\x0b"],
            ]
        )  # fmt: skip
        return self._head(b"POST %b HTTP/1.1" % _LISTS.encode(), *lengths, close=False) + b"0\r\n\r\n" + hidden

    def of_addresses(self) -> bytes:
        target = self._draws.choice(
            [
                b"/../../../etc/passwd", b"/v1/../../state/suppression.key", b"/%2e%2e/%2e%2e/etc/passwd",
                b"/v1/customers/..%2f..%2fkeys.json",
                b"/v1/customers/%00/recommendations", b"/v1/customers/%ff%fe/recommendations",
                b"/v1/customers/%c0%af/recommendations",
                b"/v1/customers/%u0031/recommendations", b"/v1/customers/%d9%a3/recommendations",
                b"/v1/customers/-1/recommendations",
                b"/v1/customers/1e5/recommendations", b"/v1/customers/%d9/recommendations", b"/v1/customers//recommendations",
                b"/v1/customers/" + b"9" * 18 + b"/recommendations", b"/v1/customers/" + b"9" * 9_000 + b"/recommendations",
                b"/v1/customers/1%0d%0aX-Canary:%20c4nary-7f3a/recommendations", b"/v1/customers/recommendations",
                b"//v1//model", b"/" * 9_000,
                b"/v1/model;a=c4nary-7f3a", b"/v1/model#c4nary-7f3a", b"http://127.0.0.1:1/v1/model",
                b"https://c4nary-7f3a/v1/model", b"*", b"model",
                b"/%", b"/%zz", b"/v1/mod\xe9l", b"/\xff", b"/v1/model\x00", b"/v1/mod el", b"?", b"",
                b"/docs/../openapi.json", b"/" + b"a" * 40_000,
            ]
        )  # fmt: skip
        return self._get(target)

    def of_queries(self) -> bytes:
        query = self._draws.choice(
            [
                b"top=%00", b"top=%D9%A3", b"top=1&top=2", b"top=1;top=2", b"top", b"=", b"&&&&", b"top=%", b"top=%ff",
                b"top=+1", b"top=1e1",
                b"top=" + b"9" * 5_000, b"&".join(b"a%d=c4nary-7f3a" % n for n in range(1_000)), b"list[]=offers",
                b"list=offers%00", b"%74op=7",
                b"lang=en\xff", b"lang=../../c4nary-7f3a", b"fallback={0}", b"fallback=popularity&fallback=popularity",
                b"?top=1", b"top=1#c4nary-7f3a",
            ]
        )  # fmt: skip
        return self._get(b"/v1/customers/15889/recommendations?" + query)

    def of_headers(self) -> bytes:
        more = self._draws.choice(
            [
                b"X-A: a\rX-B: c4nary-7f3a", b"X-A: a\nX-B: c4nary-7f3a", b"X-A: \x00c4nary-7f3a", b"X A: 1", b": c4nary-7f3a",
                b"X-A", b" folded: 1",
                b"X-A: 1\r\n c4nary-7f3a", b"Host: elsewhere.example", b"Host: \xff\xfe",
                b"Authorization: Bearer \xff\xc3\xa9\x01",
                b"Authorization: Basic YTpi", b"Authorization: " + b"Bearer " * 500, b"traceparent: 00-c4nary-7f3a",
                b"Expect: 100-continue",
                b'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-\xff"c4nary-7f3a',
                b"Upgrade: websocket\r\nConnection: upgrade",
                b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings",
                b"Connection: \xff", b"TE: trailers",
                b"X-Forwarded-For: c4nary-7f3a\r\nX-Forwarded-Proto: https", b"X-Original-URL: /docs",
                b"X-HTTP-Method-Override: DELETE", b"Range: bytes=0-1",
                b"\r\n".join(b"X-%d: c4nary-7f3a" % n for n in range(500)), b"X-Long: " + b"a" * 30_000, b"Content-Length: 5",
                b"\xe9: 1",
            ]
        )  # fmt: skip
        return self._head(
            b"GET %b HTTP/1.1" % self._draws.choice([b"/v1/customers/15889/recommendations", b"/v1/model", b"/health"]), more
        )

    def of_methods(self) -> bytes:
        method = self._draws.choice(
            [b"TRACE", b"CONNECT", b"PRI", b"get", b"G\x00T", b"PROPFIND", b"PATCH", b"DELETE", b"OPTIONS", b"A" * 20_000, b"",
            b"c4nary-7f3a", b"HEAD"]
        )  # fmt: skip
        version = self._draws.choice(
            [b" HTTP/1.1", b" HTTP/1.0", b" HTTP/0.9", b" HTTP/9.9", b" HTTP/2.0", b"", b" HTTP/1.1 c4nary-7f3a", b" FTP/1.1"]
        )
        return self._head(method + b" /v1/model" + version)

    def of_other_protocols(self) -> bytes:
        return self._draws.choice(
            [
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 512,
                b"EHLO c4nary-7f3a\r\nMAIL FROM:<a@b>\r\n", b"*1\r\n$4\r\nPING\r\n", b"\x00" * 4_096, b"\r\n" * 9_000, b"\n",
                b"SSH-2.0-c4nary-7f3a\r\n",
                self._draws.randbytes(2_000), b"GET", b"GET /v1/model HTTP/1.1\r\n", b"GET /v1/model HTTP/1.1\r\nHost: loc",
            ]
        )  # fmt: skip

    def of_pipelines(self) -> bytes:
        one = self._head(b"GET /v1/customers/%d/recommendations HTTP/1.1" % self._draws.randrange(10**6), close=False)
        broken = self._draws.choice([b"", b"GET / HTTP/1.1\r\nHo", b"c4nary-7f3a\r\n\r\n"])
        return one * self._draws.choice([2, 40, 200]) + (broken or self._head(b"GET /v1/model HTTP/1.1"))

    def of_pieces(self) -> bytes:
        """A request that is right, cut off somewhere."""
        whole = self._json({"customer_ids": [1, 2, 3], "top": 2, "lang": "es"}, _LISTS)
        return whole[: self._draws.randrange(1, len(whole))]

    def of_noise(self) -> bytes:
        """A request that is right but for some of its bytes."""
        noisy = bytearray(self._json({"records": [{"age": 35, "segment": CANARY}], "features": True}, _SCORE))
        for _ in range(self._draws.randrange(1, 8)):
            noisy[self._draws.randrange(len(noisy))] = self._draws.randrange(256)
        return bytes(noisy)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a JSON value, as what holds it and its name or number there."""
    for name, inside in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, name
        if isinstance(inside, dict | list):
            yield from _places(inside)
