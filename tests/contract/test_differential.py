"""The same generated requests to both twins on real servers: nothing that matters may differ.

Left out is what a server decides before a twin is asked: targets that are not paths,
fragments, malformed lines and lengths that are no numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.contract import ALLOW, MAX_BODY_BYTES
from tests.servers.live import Live, ask, running

REQUESTS = 600
# A worker differs from others in its parity; what calls on something else has its own tests.
PATHS = [path for path in ALLOW if path not in ("/parity", "/db")]

# No token is a bare digit, so that no joined value asks for a long wait.
TOKENS = ["a", "Z", "/", "//", ".", "..", "-", "~", "*", "%20", "%2F", "%2f", "%0A", "%00"]
TOKENS += ["%C3%A9", "%FF", "%", "%zz", ";", ":", "@", "!", "$", "'", "(", ",", "+", "[", "|"]
NUMBERS = ["0", "1", "2", "003", "%31", "1001", "10001", "-1", "1.0", "1e1", " 1", "", "+1"]
NUMBERS = [number.replace(" ", "%20") for number in NUMBERS] + ["9" * 30, "0" * 30, "%D9%A1"]
NAMES = ["ms", "units", "m%73", "MS", "ms ", "ms[]", "", "x"]
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


@dataclass(frozen=True, slots=True)
class Query:
    """A generated request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None


text = st.lists(st.sampled_from(TOKENS), max_size=5).map("".join)
pairs = st.tuples(
    st.one_of(st.sampled_from(NAMES[:2]), st.sampled_from(NAMES), text),
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
    query = draw(st.one_of(st.just(""), queries.map(lambda found: "?" + found)))
    headers = dict(draw(st.lists(st.sampled_from(HEADERS), max_size=3)))
    body = draw(st.sampled_from([None] * 6 + [b"", b"ms=1", b"x" * 5_000]))
    if body is None and (length := draw(lengths)) is not None:
        headers["Content-Length"] = length
    return Query(method, (path + query).replace(" ", "%20"), headers, body)


@pytest.fixture(scope="module")
def twins() -> Iterator[tuple[Live, Live]]:
    """Both twins on real servers."""
    with running("gthread") as threaded, running("asgi") as looped:
        yield threaded, looped


@pytest.mark.slow
def test_generated_requests_are_answered_alike(twins: tuple[Live, Live]) -> None:
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
        first, second = (_seen(live, query) for live in twins)
        assert first == second
        statuses.append(first[0])

    compare()
    assert len(statuses) >= 500
    assert {200, 404, 405, 413, 422} <= set(statuses)
    assert max(statuses) < 500


def _seen(live: Live, query: Query) -> tuple[int, list[str | None], bytes]:
    answer = ask(live.port, query.method, query.target, query.headers, query.body)
    compared = ["content-type", "content-length", "allow", "location", "vary", "set-cookie"]
    return answer.status, [answer.headers.get(name) for name in compared], answer.body
