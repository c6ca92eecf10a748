"""The same generated requests to `/db` of every profile, on real servers and on the same table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.database_table import prepare
from servers.profiles import PROFILES
from tests import databases
from tests.contract.test_differential import Query, Servers, lengths, text
from tests.servers.live import ask, together

pytestmark = [pytest.mark.slow, pytest.mark.services]
REQUESTS = 250
NAMES = ["queries", "row", "ms", "number", "ro%77", "ROW", "x", ""]
NUMBERS = ["0", "1", "2", "3", "007", "20", "100", "101", "2001", "9999", "10000", "10001", "-1"]
NUMBERS += ["", "%31", "1.0", "+1", "9" * 30, "%D9%A1"]
COMPARED = ("content-type", "content-length", "allow", "retry-after", "vary")

# What is read waits for no longer than the database is told to.
pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NUMBERS)).filter(
    lambda pair: pair[0] != "ms" or pair[1] not in ("100", "9999", "10000")
)
texts = st.tuples(st.sampled_from(NAMES), text)
queries = st.lists(st.one_of(pairs, pairs, texts).map("=".join), max_size=3).map("&".join)


@st.composite
def requests(draw: st.DrawFn) -> Query:
    """A request of any method, mostly one that reads or writes."""
    method = draw(st.sampled_from(["GET", "POST"] * 5 + ["HEAD", "PUT", "DELETE", "OPTIONS"]))
    headers = {}
    body = draw(st.sampled_from([None] * 4 + [b"", b"queries=3", b"x" * 5_000]))
    if body is None and (length := draw(lengths)) is not None:
        headers["Content-Length"] = length
    return Query(method, "/db?" + draw(queries).replace(" ", "%20"), headers, body)


@pytest.fixture(scope="module")
def servers(database: str) -> Iterator[Servers]:
    """A server of every profile, with one database."""
    prepare(database, anew=True)
    with together({name: databases.serving(name, database) for name in PROFILES}) as servers:
        yield servers


def test_generated_requests_are_answered_alike_and_write_alike(
    servers: Servers, database: str
) -> None:
    statuses: list[tuple[str, int]] = []
    every = "SELECT id, number FROM testbed.world ORDER BY id"

    @settings(
        max_examples=REQUESTS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(requests())
    def compare(query: Query) -> None:
        # One after another, so that none reads what another is about to write.
        found = {}
        for name, live in servers.items():
            answer = ask(live.port, query.method, query.target, query.headers, query.body)
            headers = [answer.headers.get(header) for header in COMPARED]
            found[name] = answer.status, headers, answer.body
        first = next(iter(found.values()))
        assert found == dict.fromkeys(servers, first)
        statuses.append((query.method, first[0]))

    compare()
    assert len(statuses) >= REQUESTS // 2
    assert {("GET", 200), ("POST", 200), ("HEAD", 200), ("PUT", 405)} <= set(statuses)
    assert {("GET", 422), ("POST", 422), ("GET", 413), ("POST", 413)} <= set(statuses)
    assert max(status for _, status in statuses) < 500
    _writes_are_alike(servers, database, every)


def _writes_are_alike(servers: Servers, url: str, every: str) -> None:
    tables = {}
    for name, live in servers.items():
        prepare(url, anew=True)
        first = databases.rows(url, every)
        for row in range(1, 40):
            target = f"/db?queries={row}&row={row}&number={row}"
            assert ask(live.port, "POST", target, {}).status == 200
        tables[name] = databases.rows(url, every)
        assert len(set(tables[name]) - set(first)) > 300
    assert tables == dict.fromkeys(servers, tables[name])
