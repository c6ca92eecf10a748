"""A database that is away, gone, slow or standing still: the same answer in time, and no harm done.

Every profile at once, so that what takes seconds is waited for once.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from servers import postgres
from servers.budget import Budget
from servers.database import ANSWER_S, CONNECTION_S, STATEMENT_S
from servers.database_table import prepare
from servers.profiles import PROFILES
from tests import databases
from tests.servers.live import Answer, Live, together

CONNECTIONS = 2
NAMES = list(PROFILES)
# One process each, as a database that goes costs every process a request; and of these `sync` has
# one at a time: others wait at its door, where no connection is waited for.
ONE_AT_A_TIME = [name for name, profile in PROFILES.items() if profile.worker == "sync"]
SLACK_S = 1.5
ACTIVE = "FROM pg_stat_activity WHERE state = 'active' AND application_name = ANY(%s)"

pytestmark = [pytest.mark.slow, pytest.mark.services]
Servers = dict[str, Live]


@pytest.fixture(scope="module")
def away() -> Iterator[postgres.Postgres]:
    """A database that tests stop and start; it does not run at first."""
    databases.require()
    with tempfile.TemporaryDirectory(prefix=postgres.PREFIX) as name:
        found = postgres.Postgres(Path(name))
        found.start()
        prepare(found.url)
        found.stop()
        try:
            yield found
        finally:
            found.stop()


@pytest.fixture(scope="module")
def servers(away: postgres.Postgres) -> Iterator[Servers]:
    """They start though their database is away."""
    assert away.poll() is not None

    def serving(name: str) -> AbstractContextManager[Live]:
        slots = 1 if name in ONE_AT_A_TIME else 6
        budget = Budget(slots=slots, database_connections=CONNECTIONS)
        assert PROFILES[name].worker_processes(budget) == 1
        return databases.serving(name, away.url, budget)

    with together({name: serving(name) for name in NAMES}) as servers:
        yield servers


def ask(servers: Servers, target: str = "/db") -> dict[str, tuple[Answer, float]]:
    """Every server at once: what it answers, and after how many seconds."""
    found: dict[str, tuple[Answer, float]] = {}

    def one(name: str) -> None:
        began_s = time.perf_counter()
        answer = servers[name].get(target)
        found[name] = answer, time.perf_counter() - began_s

    asking = [threading.Thread(target=one, args=[name]) for name in servers]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    return found


def refused(
    answers: dict[str, tuple[Answer, float]], status: int, words: str, within_s: float
) -> None:
    """All have answered so, with the same body, in time."""
    assert {answer.status for answer, _ in answers.values()} == {status}
    (body,) = {answer.body for answer, _ in answers.values()}
    assert words in json.loads(body)["detail"]
    again = "1" if status == 503 else None
    assert {answer.headers.get("retry-after") for answer, _ in answers.values()} == {again}
    assert max(took_s for _, took_s in answers.values()) < within_s + SLACK_S


def recovered(servers: Servers, url: str) -> None:
    """All serve again by themselves, from now on always, and with no connection too many."""

    def well() -> bool:
        return {answer.status for answer, _ in ask(servers).values()} == {200}

    databases.until(well, "they serve again")
    assert all(well() for _ in range(3 * CONNECTIONS))

    def as_many() -> bool:
        return all(databases.connections(url, name) == CONNECTIONS for name in servers)

    databases.until(as_many, f"each has {CONNECTIONS} connections")


def active(url: str) -> int:
    """How many statements of the servers are under way."""
    return int(databases.rows(url, f"SELECT count(*) {ACTIVE}", NAMES)[0][0])


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody else can read the table while the block runs."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE testbed.world IN ACCESS EXCLUSIVE MODE")
        yield


def test_one_that_is_away_at_the_start_is_found_when_it_comes(
    servers: Servers, away: postgres.Postgres
) -> None:
    assert {answer.status for answer, _ in ask(servers, "/hello").values()} == {200}
    refused(ask(servers), 503, "no connection to the database was to be had within 3 s",
            CONNECTION_S)  # fmt: skip

    away.start()

    recovered(servers, away.url)


def test_one_that_has_gone_is_found_when_it_is_back(
    servers: Servers, away: postgres.Postgres
) -> None:
    away.stop()

    refused(ask(servers), 503, "the connection to the database was lost", 0)
    assert {answer.status for answer, _ in ask(servers, "/hello").values()} == {200}
    away.start()

    recovered(servers, away.url)


def test_one_that_was_started_again_unseen_costs_one_request(
    servers: Servers, away: postgres.Postgres
) -> None:
    away.stop()
    away.start()

    refused(ask(servers), 503, "the connection to the database was lost", 0)

    assert {answer.status for answer, _ in ask(servers).values()} == {200}
    recovered(servers, away.url)


def test_a_connection_that_is_ended_in_mid_statement_is_replaced(
    servers: Servers, away: postgres.Postgres
) -> None:
    answers: list[dict[str, tuple[Answer, float]]] = []
    asking = threading.Thread(target=lambda: answers.append(ask(servers, "/db?ms=2000")))
    asking.start()
    databases.until(lambda: active(away.url) == len(NAMES), "all sleep")

    end = f"SELECT pg_terminate_backend(pid) {ACTIVE}"
    assert databases.rows(away.url, end, NAMES) == [(True,)] * len(NAMES)
    asking.join()

    refused(answers[0], 503, "the connection to the database was lost", 0)
    recovered(servers, away.url)


def test_a_statement_that_takes_too_long_is_ended_and_its_connection_kept(
    servers: Servers, away: postgres.Postgres
) -> None:
    pids = "SELECT pid FROM pg_stat_activity WHERE application_name = ANY(%s) ORDER BY pid"
    before = databases.rows(away.url, pids, NAMES)

    with locked(away.url):
        refused(ask(servers), 504, "did not finish a statement within 3 s", STATEMENT_S)

    recovered(servers, away.url)
    assert databases.rows(away.url, pids, NAMES) == before


def test_a_request_waits_for_a_connection_no_longer_than_is_said(
    servers: Servers, away: postgres.Postgres
) -> None:
    """For four seconds four hold the two connections, or two the only place."""
    many = {name: live for name, live in servers.items() if name not in ONE_AT_A_TIME}
    ahead = [
        threading.Thread(target=ask, args=[asked, "/db?ms=2000"])
        for asked in [servers] * CONNECTIONS + [many] * CONNECTIONS
    ]
    for one in ahead:
        one.start()
    taken = CONNECTIONS * len(many) + len(ONE_AT_A_TIME)
    databases.until(lambda: active(away.url) == taken, "all are taken")
    # They are served in their order: those ahead must be in the queue.
    time.sleep(0.3)

    answers = ask(servers)
    for one in ahead:
        one.join()

    at_the_door = [answers.pop(name) for name in ONE_AT_A_TIME]
    refused(answers, 503, "no connection to the database was to be had", CONNECTION_S)
    for answer, took_s in at_the_door:
        assert answer.status == 200
        assert took_s > CONNECTION_S
    recovered(servers, away.url)


@contextmanager
def standing_still(database: postgres.Postgres) -> Iterator[None]:
    """The database and all of its processes are stopped while the block runs."""
    main = psutil.Process(database.pid)
    processes = [main, *main.children(recursive=True)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(processes):
            # One may have ended just before it was to stand still: the others go on all the same.
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


def test_one_that_stands_still_is_given_up_and_found_when_it_goes_on(
    servers: Servers, away: postgres.Postgres
) -> None:
    with standing_still(away):
        refused(ask(servers), 504, "did not finish a statement within 3 s", ANSWER_S)

    recovered(servers, away.url)


def test_clients_that_vanish_cost_no_connection(servers: Servers, away: postgres.Postgres) -> None:
    for live in servers.values():
        for _ in range(2 * CONNECTIONS):
            with socket.create_connection(("127.0.0.1", live.port)) as connection:
                connection.sendall(b"GET /db?ms=200 HTTP/1.1\r\nHost: x\r\n\r\n")

    recovered(servers, away.url)
