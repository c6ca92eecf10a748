"""Parity on running servers: what is declared is so, and what is not so is found."""

from __future__ import annotations

import sys

import pytest

from servers.budget import Budget
from servers.contract import FACTS
from servers.profiles import PROFILES, differences, unverified
from tests.servers.live import free_port, launched, running

# Where the kernel does not tell a listener's limit, that fact alone stays open.
OPEN = [] if sys.platform == "linux" else ["backlog"]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", PROFILES)
def test_every_worker_is_what_its_row_declares(name: str, workers: int) -> None:
    profile, budget = PROFILES[name], Budget(slots=2, workers=workers, keepalive_s=33, backlog=222)
    declared, processes = profile.facts(budget), profile.worker_processes(budget)
    with running(name, budget) as live:
        reported = live.facts_of_workers(processes)
    assert len({facts["pid"] for facts in reported}) == processes
    for facts in reported:
        assert tuple(facts) == FACTS
        assert differences(declared, facts) == []
        assert unverified(declared, facts) == OPEN
        assert facts["server_version"]


@pytest.mark.parametrize(
    ("name", "extra", "fact", "reported"),
    [
        ("asgi", ["--access-log"], "access_log", True),
        ("asgi", ["--proxy-headers"], "proxy_headers", True),
        ("asgi", ["--timeout-keep-alive", "5"], "keepalive_s", 5),
        ("asgi", ["--http", "httptools"], "parser", "httptools"),
        ("asgi", ["--loop", "uvloop"], "loop", "uvloop.Loop"),
        ("gthread", ["--access-logfile", "-"], "access_log", True),
        ("gthread", ["--forwarded-allow-ips", "127.0.0.1"], "proxy_headers", True),
        ("gthread", ["--threads", "9"], "threads", 9),
        ("gthread", ["--keep-alive", "2"], "keepalive_s", 2),
        ("gunicorn-asgi", ["--asgi-loop", "uvloop"], "loop", "uvloop.Loop"),
    ],
)
def test_a_planted_difference_is_found(
    name: str, extra: list[str], fact: str, reported: object
) -> None:
    declared = PROFILES[name].facts(Budget())
    with running(name, extra=extra) as live:
        facts = live.facts()
    assert facts[fact] == reported
    assert any(sentence.startswith(f"{fact} is ") for sentence in differences(declared, facts))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a listener's limit")
def test_the_backlog_is_read_from_the_kernel() -> None:
    with running("asgi", extra=["--backlog", "77"]) as live:
        assert live.facts()["backlog"] == 77


def test_a_smaller_thread_pool_is_found() -> None:
    profile, budget, port = PROFILES["asgi"], Budget(), free_port()
    environment = profile.environment(Budget(slots=3, pool_processes=1))
    with launched(profile.command(port, budget), environment, port) as live:
        facts = live.facts()
    assert (facts["threads"], facts["pool_processes"]) == (3, 1)
    assert len(differences(profile.facts(budget), facts)) == 2


def test_delayed_answers_of_several_workers_on_a_plain_uvicorn_are_found() -> None:
    profile, budget, port = PROFILES["asgi"], Budget(workers=2), free_port()
    command = profile.command(port, budget)
    command[command.index("servers.uvicorn_launcher")] = "uvicorn"
    with launched(command, profile.environment(budget), port) as live:
        facts = live.facts()
    # True here means that uvicorn sets it by itself: then the launcher can go.
    assert facts["tcp_nodelay"] is False
    assert len(differences(profile.facts(budget), facts)) == 1
