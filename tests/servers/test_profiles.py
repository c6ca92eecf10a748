"""The table of profiles: commands, budgets, declared facts, differences."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from servers import profiles
from servers.budget import Budget
from servers.profiles import PROFILES, differences, unverified

BUDGET = Budget(slots=3, workers=2, pool_processes=5, backlog=64, keepalive_s=7)
GUNICORN_TAIL = (
    "--http-parser python --backlog 64 --keep-alive 7 --timeout 120 --graceful-timeout 10 "
    "--log-level warning --worker-connections 10000 --forwarded-allow-ips  --no-control-socket"
)
UVICORN_HEAD = (
    "-m servers.uvicorn_launcher servers.starlette_app:create_app --factory "
    "--host 127.0.0.1 --port 4000 --workers 2"
)
UVICORN_TAIL = (
    "--backlog 64 --timeout-keep-alive 7 --timeout-worker-healthcheck 120 "
    "--timeout-graceful-shutdown 10 --log-level warning --no-proxy-headers --no-access-log"
)
GOLDEN = {
    "sync": "-m gunicorn servers.flask_app:create_app() --worker-class sync "
    f"--bind 127.0.0.1:4000 --workers 6 {GUNICORN_TAIL}",
    "gthread": "-m gunicorn servers.flask_app:create_app() --worker-class gthread "
    f"--bind 127.0.0.1:4000 --workers 2 --threads 3 {GUNICORN_TAIL}",
    "gevent": "-m gunicorn servers.flask_app:create_app() --worker-class gevent "
    f"--bind 127.0.0.1:4000 --workers 2 {GUNICORN_TAIL}",
    "asgi": f"{UVICORN_HEAD} --loop asyncio --lifespan on --http h11 {UVICORN_TAIL}",
    "uvloop": f"{UVICORN_HEAD} --loop uvloop --lifespan on --http httptools {UVICORN_TAIL}",
    "hybrid": f"{UVICORN_HEAD} --loop uvloop --lifespan on --http httptools {UVICORN_TAIL}",
    "gunicorn-asgi": "-m gunicorn servers.starlette_app:create_app() --worker-class asgi "
    "--bind 127.0.0.1:4000 --workers 2 --asgi-loop asyncio --asgi-lifespan on "
    f"{GUNICORN_TAIL}",
}


def test_the_golden_commands_cover_every_row() -> None:
    assert list(GOLDEN) == list(PROFILES)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_row_gives_exactly_its_command(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(profiles, "_SHARED_MEMORY", tmp_path / "missing")
    assert PROFILES[name].command(4000, BUDGET) == [sys.executable, *GOLDEN[name].split(" ")]


def test_gunicorn_keeps_its_heartbeat_in_memory_where_there_is_such_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(profiles, "_SHARED_MEMORY", tmp_path)
    command = PROFILES["sync"].command(4000, BUDGET)
    assert command[-2:] == ["--worker-tmp-dir", str(tmp_path)]


def test_another_host_is_bound_where_it_is_asked_for() -> None:
    assert "127.0.0.2:80" in PROFILES["sync"].command(80, BUDGET, "127.0.0.2")
    assert "127.0.0.2" in PROFILES["asgi"].command(80, BUDGET, "127.0.0.2")


@pytest.mark.parametrize("name", ["sync", "gthread", "asgi", "uvloop", "hybrid", "gunicorn-asgi"])
def test_every_row_can_hold_as_many_blocking_requests_as_the_others(name: str) -> None:
    profile = PROFILES[name]
    assert profile.worker_processes(BUDGET) * profile.threads(BUDGET) == 3 * 2


def test_what_differs_between_the_rows_is_declared_and_nothing_else_differs() -> None:
    rows = [profile.facts(Budget()) for profile in PROFILES.values()]
    equal = {name for name in rows[0] if len({row[name] for row in rows}) == 1}
    assert equal == {"tcp_nodelay", "access_log", "proxy_headers"}
    assert {row["backlog"] for row in rows} == {100, _granted(2048)}
    assert [row["keepalive_s"] for row in rows].count(0) == 1


@pytest.mark.parametrize("name", PROFILES)
def test_a_row_is_listed_under_its_own_name_with_a_description(name: str) -> None:
    profile = PROFILES[name]
    assert profile.name == name
    assert profile.description
    assert profile.port in {8001, 8002, 8003}


@pytest.mark.parametrize(
    ("field", "value", "maximum"),
    [
        ("slots", 0, 256),
        ("slots", 257, 256),
        ("workers", 65, 64),
        ("pool_processes", -1, 64),
        ("backlog", 65_536, 65_535),
        ("keepalive_s", 3_601, 3_600),
        ("slots", "4", 256),
        ("slots", True, 256),
    ],
)
def test_a_budget_out_of_bounds_is_named(field: str, value: Any, maximum: int) -> None:
    with pytest.raises(ValueError, match=f"{field} is {value!r}: give .* from 1 to {maximum}"):
        Budget(**{field: value})


def test_a_contradicted_fact_is_one_sentence_with_both_values_and_a_remedy() -> None:
    declared = PROFILES["uvloop"].facts(Budget())
    [sentence] = differences(declared, declared | {"access_log": True, "pid": 1})
    assert "access_log is True" in sentence
    assert "False is declared" in sentence
    assert "own command" in sentence


def test_equal_facts_are_no_difference() -> None:
    declared = PROFILES["uvloop"].facts(Budget())
    assert differences(declared, declared) == []
    assert unverified(declared, declared) == []


def test_a_fact_that_could_not_be_read_is_unverified_and_no_difference() -> None:
    declared = PROFILES["uvloop"].facts(Budget())
    reported = declared | {"backlog": None}
    del reported["threads"]
    assert differences(declared, reported) == []
    assert unverified(declared, reported) == ["backlog", "threads"]


def test_a_loop_where_none_is_declared_is_a_difference() -> None:
    declared = PROFILES["sync"].facts(Budget())
    assert len(differences(declared, declared | {"loop": "uvloop.Loop"})) == 1


def _granted(backlog: int) -> int:
    limit = Path("/proc/sys/net/core/somaxconn")
    return min(backlog, int(limit.read_text())) if limit.exists() else backlog
