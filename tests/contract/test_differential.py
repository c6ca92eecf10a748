"""The same generated requests to a server of every profile: nothing that matters may differ.

Left out is what a server decides before a twin is asked: targets that are not paths,
fragments, malformed lines and lengths that are no numbers.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.budget import Dependencies
from servers.contract import ALLOW, AT, MAX_BODY_BYTES, STREAM_BYTES
from servers.profiles import PROFILES
from tests.servers.live import Live, ask, running, together

REQUESTS = 600
# A worker differs from others in its parity, and what asks a database has its own tests.
PATHS = [path for path in ALLOW if path not in ("/parity", "/db")] + ["/jobs/" + "0" * 32]
POSTS = [(method, path) for method, path in AT if method == "POST" and path in PATHS]
ID = re.compile("[0-9a-f]{32}")

# No token is a bare digit, so that no joined value asks for a long wait.
TOKENS = ["a", "Z", "/", "//", ".", "..", "-", "~", "*", "%20", "%2F", "%2f", "%0A", "%00"]
TOKENS += ["%C3%A9", "%FF", "%", "%zz", ";", ":", "@", "!", "$", "'", "(", ",", "+", "[", "|"]
NUMBERS = ["0", "1", "2", "003", "%31", "1001", "10001", "-1", "1.0", "1e1", " 1", "", "+1"]
NUMBERS = [number.replace(" ", "%20") for number in NUMBERS] + ["9" * 30, "0" * 30, "%D9%A1"]
NAMES = ["ms", "units", "calls", "threads", "events", "interval_ms", "bytes"]
NAMES += ["m%73", "MS", "ms ", "ms[]", "", "x"]
HEADERS = [
    ("Accept", "text/html;q=0.1"),
    ("Accept-Encoding", "gzip, br"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Cookie", "a=b; ==; \xe9"),
    ("Forwarded", "proto=https;host=elsewhere"),
    ("Host", "elsewhere.invalid:99"),
    ("If-None-Match", "*"),
    ("Range", "bytes=0-1"),
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-Prefix", "/wait"),
    ("X-Forwarded-Proto", "https"),
    ("X-HTTP-Method-Override", "DELETE"),
]


Servers = dict[str, Live]
Seen = tuple[int, list[str | None], bytes]


@dataclass(frozen=True, slots=True)
class Query:
    """A generated request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None


Alike = Callable[[Query], Seen]

text = st.lists(st.sampled_from(TOKENS), max_size=5).map("".join)
pairs = st.tuples(
    st.one_of(st.sampled_from(NAMES[:7]), st.sampled_from(NAMES), text),
    st.one_of(st.sampled_from(NUMBERS), text),
)
queries = st.lists(pairs.map("=".join), max_size=3).map("&".join)
odd_paths = st.one_of(
    text.map(lambda tail: "/" + tail),
    st.tuples(st.sampled_from(PATHS), text).map("".join),
    st.tuples(st.sampled_from(["/", "/.", "/x/.."]), st.sampled_from(PATHS)).map("".join),
    st.sampled_from(PATHS).map(str.upper),
    st.sampled_from(PATHS).map(lambda path: f"/%{ord(path[1]):02x}{path[2:]}"),
)
lengths = st.sampled_from([None] * 6 + ["0", str(MAX_BODY_BYTES + 1), "0" + "9" * 17])


@st.composite
def requests(draw: st.DrawFn) -> Query:
    """A request of any method to a path that is known, nearly known or unknown."""
    method = draw(st.sampled_from(["GET"] * 8 + ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"]))
    path = draw(st.one_of(st.sampled_from(PATHS), st.sampled_from(PATHS), odd_paths))
    if draw(st.integers(0, 9)) == 0:
        method, path = draw(st.sampled_from(POSTS))
    query = draw(st.one_of(st.just(""), queries.map(lambda found: "?" + found)))
    if path == "/stream":
        # Its events come a tenth of a second apart where nothing else is asked for.
        query = (query or "?") + "&interval_ms=0"
    headers = dict(draw(st.lists(st.sampled_from(HEADERS), max_size=3)))
    body = draw(st.sampled_from([None] * 6 + [b"", b"ms=1", b"x" * 5_000]))
    if body is None and (length := draw(lengths)) is not None:
        headers["Content-Length"] = length
    return Query(method, (path + query).replace(" ", "%20"), headers, body)


@pytest.fixture(scope="module")
def servers(called: str) -> Iterator[Servers]:
    """A server of every profile, which all call the same downstream service."""
    told = Dependencies(downstream=called)
    with together({name: running(name, dependencies=told) for name in PROFILES}) as servers:
        yield servers


@pytest.fixture(scope="module")
def alike(servers: Servers) -> Iterator[Alike]:
    """Asks every server at once, and says what all have answered; fails where one differs."""
    with ThreadPoolExecutor(len(servers)) as pool:

        def all_answer(query: Query) -> Seen:
            answers = pool.map(lambda live: _seen(live, query), servers.values())
            seen = dict(zip(servers, answers, strict=True))
            first = next(iter(seen.values()))
            assert seen == dict.fromkeys(servers, first)
            return first

        yield all_answer


SIZES = [0, 1, 2, 8_191, 65_535, 65_536, 65_537, MAX_BODY_BYTES - 1, MAX_BODY_BYTES]


@st.composite
def uploads(draw: st.DrawFn) -> tuple[bytes, list[int]]:
    """A body, and the lengths of the chunks that it is sent in; with none of them it is whole."""
    body = draw(st.binary(min_size=1, max_size=8)) * 150_000
    body = body[: draw(st.one_of(st.sampled_from(SIZES), st.integers(0, 200_000)))]
    return body, draw(st.lists(st.sampled_from([1, 100, 8_192, 65_536, 300_000]), max_size=4))


@pytest.mark.slow
def test_generated_bodies_are_digested_alike(servers: Servers) -> None:
    @settings(max_examples=60, derandomize=True, database=None, deadline=None)
    @given(uploads())
    def compare(upload: tuple[bytes, list[int]]) -> None:
        body, chunks = upload
        for live in servers.values():
            answer = ask(live.port, "POST", "/upload", {}, _sent(body, chunks))
            digest = hashlib.sha256(body).hexdigest()
            assert answer.status == 200
            assert answer.body == f'{{"bytes":{len(body)},"digest":"{digest}"}}'.encode()

    compare()


def _sent(body: bytes, chunks: list[int]) -> bytes | Iterable[bytes]:
    """The body, or where there are lengths its chunks: with these in turn, and then the rest."""
    if not chunks:
        return body
    ends = [0, *itertools.accumulate(chunks), len(body)]
    return iter([body[low:high] for low, high in itertools.pairwise(ends) if body[low:high]])


@pytest.mark.slow
def test_generated_requests_are_answered_alike(alike: Alike) -> None:
    statuses: list[int] = []

    @settings(
        max_examples=REQUESTS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(requests())
    def compare(query: Query) -> None:
        statuses.append(alike(query)[0])

    compare()
    assert len(statuses) >= 500
    assert {200, 202, 404, 405, 413, 422} <= set(statuses)
    assert max(statuses) < 500


@pytest.mark.slow
def test_generated_calls_are_answered_alike(alike: Alike) -> None:
    """Numbers in and out of their bounds, for an endpoint that takes several."""
    statuses: set[int] = set()
    amounts = st.sampled_from(["0", "1", "2", "16", "17", "002", "x", ""])
    names = st.sampled_from(["calls", "ms", "threads", "thread"])
    queries = st.lists(st.tuples(names, amounts).map("=".join), max_size=3).map("&".join)

    @settings(max_examples=100, derandomize=True, database=None, deadline=None)
    @given(queries)
    def compare(query: str) -> None:
        statuses.add(alike(Query("GET", f"/downstream?{query}", {}, None))[0])

    compare()
    assert statuses == {200, 422}


@pytest.mark.slow
def test_generated_streams_are_answered_alike(alike: Alike) -> None:
    """Sizes in and out of their bounds, alone and together with the number of events."""
    statuses: set[int] = set()
    lengths: set[int] = set()
    amounts = st.sampled_from(["0", "1", "31", "32", "4194", "4195", "65536", "65537", "x", ""])
    sizes = amounts.map(lambda amount: f"bytes={amount}")
    events = st.sampled_from(["1", "9", "10", "64", "65", "1000"]).map(lambda n: f"events={n}")

    @settings(max_examples=100, derandomize=True, database=None, deadline=None)
    @given(st.lists(st.one_of(sizes, events), min_size=1, max_size=2))
    def compare(queries: list[str]) -> None:
        asked = Query("GET", f"/stream?{'&'.join(queries)}&interval_ms=0", {}, None)
        status, _, body = alike(asked)
        statuses.add(status)
        lengths.add(len(body))

    compare()
    assert statuses == {200, 422}
    assert STREAM_BYTES < max(lengths) < 1.05 * STREAM_BYTES


def _seen(live: Live, query: Query) -> Seen:
    answer = ask(live.port, query.method, query.target, query.headers, query.body)
    compared = ["content-type", "content-length", "allow", "location", "vary", "set-cookie"]
    compared += ["retry-after"]
    seen, body = [answer.headers.get(name) for name in compared], answer.body
    if answer.status == 202:
        seen = [name and ID.sub("ID", name) for name in seen]
        body = re.sub(ID.pattern.encode(), b"ID", body)
    elif answer.status == 200 and unquote(query.target.partition("?")[0]) == "/jobs":
        # What became of the jobs meanwhile is a matter of time, the number of them is not.
        seen[1] = None
        found = json.loads(body) if body else {"jobs": ()}
        body = f"{list(found)} {found.get('accepted')} {len(found['jobs'])}".encode()
    return answer.status, seen, body
