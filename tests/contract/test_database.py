"""What both twins read from a database and write into it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from servers import database
from servers.contract import ENDPOINTS
from servers.database import chosen, number_of, to_update
from servers.database_table import prepare
from tests import databases
from tests.contract.clients import Client
from tests.contract.test_refusals import problem

# The formulas, written out: row n holds 7919 n mod 10000, plus 1.
FIRST = '{"id":1,"number":7920}'
THEN = '{"id":2114,"number":767},{"id":1087,"number":7954}'


@pytest.fixture(autouse=True)
def _as_made(database: str) -> None:
    prepare(database, anew=True)


def table(url: str) -> dict[int, int]:
    """The numbers of all rows by their ids, as the database has them."""
    return dict(databases.rows(url, "SELECT id, number FROM testbed.world"))


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", f'{{"queries":1,"rows":[{FIRST}]}}'),
        ("?queries=3", f'{{"queries":3,"rows":[{FIRST},{THEN}]}}'),
        ("?row=10000", '{"queries":1,"rows":[{"id":10000,"number":1}]}'),
        ("?queries=2&row=2114", f'{{"queries":2,"rows":[{THEN}]}}'),
        ("?queries=1&ms=1", f'{{"queries":1,"rows":[{FIRST}]}}'),
    ],
)
def test_rows_are_read_as_the_table_was_made(asking: Client, query: str, body: str) -> None:
    answer = asking.ask("GET", f"/db{query}")

    assert (answer.status, answer.body.decode()) == (200, body)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_has_the_fields_of_its_contract(asking: Client, method: str) -> None:
    answer = asking.ask(method, "/db?queries=100")

    found: dict[str, Any] = json.loads(answer.body)
    assert tuple(found) == ENDPOINTS[f"{method} /db"].fields
    assert len({row["id"] for row in found["rows"]}) == found["queries"] == 100


def test_head_reads_and_answers_without_a_body(asking: Client) -> None:
    answer = asking.ask("HEAD", "/db?queries=2")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(asking.ask("GET", "/db?queries=2").body))


def test_an_update_writes_its_rows_and_no_others_in_ascending_order(
    asking: Client, database: str
) -> None:
    before = table(database)

    answer = asking.ask("POST", "/db?queries=3&row=2114&number=6")

    written = {1087: 7960, 2114: 773, 6120: 4287}
    shown = [{"id": row, "number": number} for row, number in written.items()]
    assert json.loads(answer.body) == {"queries": 3, "rows": shown}
    assert table(database) == before | written


def test_the_number_10000_writes_what_was_there_at_first(asking: Client, database: str) -> None:
    before = table(database)
    asking.ask("POST", "/db?queries=20&number=77")
    assert len(dict(table(database).items() - before.items())) == 20

    asking.ask("POST", "/db?queries=20&number=10000")

    assert table(database) == before


def test_the_database_waits_as_long_as_was_asked(asking: Client) -> None:
    asking.ask("GET", "/db")
    began_s = time.perf_counter()

    asking.ask("GET", "/db?ms=60")

    assert time.perf_counter() - began_s >= 0.06


@pytest.mark.parametrize(
    ("target", "name", "low", "high"),
    [
        ("GET /db?queries=101", "queries", 1, 100),
        ("GET /db?row=0", "row", 1, 10_000),
        ("GET /db?ms=2001", "ms", 0, 2_000),
        ("POST /db?number=10001", "number", 1, 10_000),
    ],
)
def test_a_number_out_of_range_is_refused(
    asking: Client, target: str, name: str, low: int, high: int
) -> None:
    method, _, target = target.partition(" ")
    answer = asking.ask(method, target)

    found = problem(answer)
    assert (answer.status, found["parameter"]) == (422, name)
    assert (found["minimum"], found["maximum"]) == (low, high)


def test_what_the_other_method_takes_is_unknown_here(asking: Client) -> None:
    assert problem(asking.ask("POST", "/db?ms=1"))["allowed"] == ["queries", "row", "number"]
    assert problem(asking.ask("GET", "/db?number=1"))["allowed"] == ["queries", "row", "ms"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_database_it_is_said_that_there_is_none(client: Client, method: str) -> None:
    answer = client.ask(method, "/db")

    assert answer.status == 503
    assert problem(answer)["detail"] == (
        "this server has no database: start it with --database URL, or set DATABASE_URL"
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "harm", ["DROP SCHEMA testbed CASCADE", "DELETE FROM testbed.world WHERE id = 1"]
)
def test_a_table_that_is_not_whole_is_named_until_it_is_made(
    asking: Client, database: str, method: str, harm: str
) -> None:
    databases.change(database, harm)
    answer = asking.ask(method, "/db")
    assert answer.status == 503
    assert "--prepare makes it" in problem(answer)["detail"]

    prepare(database)

    assert asking.ask(method, "/db").status == 200


def test_the_rows_of_a_request_never_repeat_and_all_can_be_met() -> None:
    rows = chosen(10_000, 77)

    assert rows[0] == 77
    assert sorted(rows) == list(range(1, 10_001))


def test_an_update_takes_the_rows_of_a_query_in_ascending_order() -> None:
    assert to_update(50, 9_999) == sorted(chosen(50, 9_999))
    assert to_update(50, 9_999) != chosen(50, 9_999)


def test_every_number_writes_a_table_of_different_numbers_from_1_to_10000() -> None:
    for number in (1, 4_999, 10_000):
        written = sorted(number_of(row, number) for row in range(1, 10_001))
        assert written == list(range(1, 10_001))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_whose_statements_take_too_long_together_is_a_504(
    asking: Client, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And has given its connection back: as many as there are, and one more."""
    for _ in range(3):
        with monkeypatch.context() as hurried:
            hurried.setattr(database, "REQUEST_S", -1.0)
            answer = asking.ask(method, "/db?queries=2")
        assert answer.status == 504
        assert problem(answer)["detail"] == "the statements of this request took -1 s together"

    assert asking.ask(method, "/db?queries=2").status == 200
    monkeypatch.setattr(database, "REQUEST_S", 0.05)
    assert asking.ask("GET", "/db?ms=10").status == 200
    assert asking.ask("GET", "/db?ms=100").status == 504
