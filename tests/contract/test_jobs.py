"""Deferred work as both twins answer for it: accepted, looked up, listed, refused."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from servers import ledger
from servers.contract import JOB, route_of
from servers.jobs.job import LISTED
from servers.jobs.sqlite_store import SqliteStore
from servers.settings import Settings
from servers.work import compute
from tests.contract.clients import Client, FlaskClient, StarletteClient
from tests.contract.test_refusals import problem

DEADLINE_S = 30
ELSEWHERE = f"{os.getppid()}-{ledger.born(os.getppid()) or 0}"


def record(client: Client, path: str) -> dict[str, Any]:
    answer = client.ask("GET", path)
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


def done(client: Client, path: str) -> dict[str, Any]:
    """The record of a job, once it is done."""
    deadline = time.monotonic() + DEADLINE_S
    while (found := record(client, path))["state"] != "done":
        assert time.monotonic() < deadline, found
        time.sleep(0.005)
    return found


@contextmanager
def full(path: Path, limit: int) -> Iterator[None]:
    """A file in which another process keeps the only slot, while `limit` jobs wait."""
    store = SqliteStore(path, ELSEWHERE)
    store.accept(0, 0, limit)
    running = store.claim(1)
    assert running is not None
    for _ in range(limit):
        store.accept(0, 0, limit)
    yield
    # Whoever looks for jobs here ends with the last one.
    store.finish(running, "")
    while (job := store.claim(1)) is not None:
        store.finish(job, "")
    store.close()


def test_work_is_accepted_at_once_and_done_later(client: Client) -> None:
    before = time.time()
    answer = client.ask("POST", "/jobs?ms=30&units=2")
    assert answer.status == 202
    assert answer.headers["content-type"] == "application/json"
    accepted = json.loads(answer.body)
    assert answer.headers["location"] == f"/jobs/{accepted['id']}"
    assert accepted["state"] == "waiting"
    assert route_of(answer.headers["location"]) == "/jobs/{id}"

    found = done(client, answer.headers["location"])

    assert tuple(found) == JOB
    assert (found["id"], found["ms"], found["units"]) == (accepted["id"], 30, 2)
    assert (found["digest"], found["reason"], found["attempts"]) == (compute(2), None, 1)
    assert before <= found["accepted_at"] <= found["started_at"]
    assert 0.029 <= found["done_at"] - found["started_at"] < DEADLINE_S


def test_the_list_counts_all_and_shows_the_newest(client: Client) -> None:
    paths = [client.ask("POST", "/jobs?ms=0").headers["location"] for _ in range(3)]
    for path in paths:
        done(client, path)

    found = record(client, "/jobs")

    assert {name: count for name, count in found.items() if name != "jobs"} == {
        "accepted": 3, "refused": 0, "waiting": 0, "running": 0, "done": 3, "failed": 0,
    }  # fmt: skip
    assert [f"/jobs/{job['id']}" for job in found["jobs"]] == paths[::-1]


def test_the_list_is_bounded(client: Client, tmp_path: Path) -> None:
    with full(tmp_path / "jobs", LISTED + 5):
        found = record(client, "/jobs")

    assert found["waiting"] == LISTED + 5
    assert len(found["jobs"]) == LISTED


@pytest.mark.parametrize(
    "path",
    ["/jobs/", "/jobs/x", "/jobs/{id}", "/jobs/" + "A" * 32, "/jobs/" + "0" * 31,
     "/jobs/" + "0" * 33, "/jobs/" + "0" * 32 + "%0A", "/jobs/" + "0" * 32 + "/x"],
)  # fmt: skip
def test_what_is_no_id_is_no_path(client: Client, path: str) -> None:
    answer = client.ask("GET", path)
    assert answer.status == 404
    assert problem(answer)["detail"].startswith("no endpoint at this path")


def test_an_id_that_nobody_was_given_has_no_record(client: Client) -> None:
    answer = client.ask("GET", "/jobs/" + "0" * 32)
    assert answer.status == 404
    assert problem(answer)["detail"].startswith("no job has this id")


@pytest.mark.parametrize(
    ("query", "parameter", "bounds"),
    [("ms=10001", "ms", (0, 10_000)), ("units=1001", "units", (0, 1_000))],
)
def test_a_job_is_bounded(
    client: Client, query: str, parameter: str, bounds: tuple[int, int]
) -> None:
    answer = client.ask("POST", f"/jobs?{query}")
    assert answer.status == 422
    found = problem(answer)
    assert (found["parameter"], found["minimum"], found["maximum"]) == (parameter, *bounds)


def test_a_file_that_was_taken_away_is_made_anew(client: Client, tmp_path: Path) -> None:
    old = client.ask("POST", "/jobs?ms=0").headers["location"]
    done(client, old)
    for left in tmp_path.glob("jobs*"):
        left.unlink()

    new = client.ask("POST", "/jobs?ms=0").headers["location"]

    assert done(client, new)["attempts"] == 1
    assert client.ask("GET", old).status == 404
    assert record(client, "/jobs")["accepted"] == 1


@pytest.mark.parametrize("twin", [FlaskClient, StarletteClient], ids=["flask", "starlette"])
def test_a_full_queue_takes_no_more(twin: Callable[[Settings], Client], tmp_path: Path) -> None:
    path = tmp_path / "jobs"
    client = twin(Settings(pool_processes=1, jobs=str(path), job_slots=1, job_limit=2))
    with full(path, 2):
        answer = client.ask("POST", "/jobs")
        counts = record(client, "/jobs")

    assert answer.status == 503
    assert problem(answer)["limit"] == 2
    # Nothing has ended yet: the rate is not known.
    assert answer.headers["retry-after"] == "60"
    assert (counts["accepted"], counts["refused"], counts["waiting"]) == (3, 1, 2)


@pytest.mark.parametrize("twin", [FlaskClient, StarletteClient], ids=["flask", "starlette"])
@pytest.mark.parametrize("kind", ["corrupt", "another", "a folder", "nowhere"])
def test_a_file_that_cannot_be_used_is_named(
    twin: Callable[[Settings], Client],
    kind: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """To who runs the server; a client is told what is wrong, and not where."""
    path = tmp_path / "jobs"
    if kind == "corrupt":
        path.write_bytes(b"no database" * 400)
    elif kind == "another":
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE other (x)")
        db.close()
    elif kind == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"")
        path = path / "below"
    client = twin(Settings(pool_processes=1, jobs=str(path)))

    answers = [client.ask("POST", "/jobs"), client.ask("GET", "/jobs/" + "0" * 32)]

    for answer in answers:
        assert answer.status == 503
        detail = problem(answer)["detail"]
        assert str(tmp_path) not in detail
        assert f"jobs cannot be kept in {path}: {detail.partition(': ')[2]}; " in caplog.text
    assert "or name another file: TESTBED_SERVER_JOBS" in caplog.text
    assert client.ask("GET", "/hello").status == 200
