"""The door `python -m servers`: what it says, what it refuses, and what it becomes."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from servers.__main__ import main
from servers.budget import Budget
from servers.profiles import PROFILES
from tests.servers.live import free_port, launched

NO_URL = "error: --downstream is 'x:1': give http://HOST:PORT, with a port from 1 to 65535\n"


@pytest.mark.parametrize("name", PROFILES)
def test_a_dry_run_prints_the_command_with_its_environment(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--port", "4000", "--slots", "3", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert f"{sys.executable} -m " in printed
    assert "4000" in printed
    threads = PROFILES[name].threads(Budget(slots=3))
    assert printed.startswith(f"TESTBED_SERVER_THREADS={threads} ")
    assert f"TESTBED_SERVER_PROFILE={name} " in printed
    assert "TESTBED_SERVER_INSTRUMENTS=on " in printed


@pytest.mark.parametrize(("option", "word"), [("--bare", "off"), ("--explain", "explain")])
def test_the_instruments_can_be_chosen(
    option: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync", "--dry-run", option, "--ledgers", "/nowhere/at all"]) == 0
    printed = capsys.readouterr().out
    assert f"TESTBED_SERVER_INSTRUMENTS={word} " in printed
    assert "TESTBED_SERVER_LEDGERS='/nowhere/at all' " in printed


def test_what_it_calls_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync", "--dry-run", "--downstream", "http://127.0.0.1:8010"]) == 0
    assert "TESTBED_SERVER_DOWNSTREAM=http://127.0.0.1:8010 " in capsys.readouterr().out


def test_without_a_profile_the_table_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(profile.description in printed for profile in PROFILES.values())


def test_an_unknown_profile_is_answered_with_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gthreads"]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: there is no profile 'gthreads': choose one of\n")
    assert all(f"\n  {name} " in printed for name in PROFILES)


def test_a_taken_port_is_one_line_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert main(["sync", "--port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"error: port {port} on 127.0.0.1 is taken: "
        "stop what listens there or choose another with --port\n"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--port", "0"], "error: --port is 0: give a number from 1 to 65535\n"),
        (["--downstream", "x:1"], NO_URL),
        (["--slots", "0"], "error: --slots is 0: give a number from 1 to 256\n"),
        (["--keepalive-s", "9999"], "error: --keepalive-s is 9999: give a number from 1 to 3600\n"),
    ],
)
def test_a_number_out_of_range_is_one_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["asgi", *arguments]) == 2
    assert capsys.readouterr().err == line


def test_a_foreign_address_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["asgi", "--host", "192.0.2.1", "--port", str(free_port())]) == 1
    assert capsys.readouterr().err.startswith("error: cannot listen on port ")


def test_the_door_becomes_the_server_with_the_profiles_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execvpe", lambda *given: became.append(given))
    main(["hybrid", "--port", str(free_port())])
    [(program, command, environment)] = became
    assert program == command[0] == sys.executable
    assert environment["TESTBED_SERVER_PLACEMENT"] == "pools"
    assert environment.items() >= os.environ.items()
    assert capsys.readouterr().out.startswith("serving hybrid at http://127.0.0.1:")


@pytest.mark.slow
def test_a_profile_served_through_the_door_answers() -> None:
    port = free_port()
    command = [sys.executable, "-m", "servers", "asgi", "--port", str(port)]
    with launched(command, {}, port) as live:
        assert live.get("/hello").body == b'{"message":"hello"}'
        assert live.facts()["pid"] == live.pid


@pytest.mark.slow
def test_a_server_that_dies_at_its_start_is_reported_with_its_log() -> None:
    port = free_port()
    command = PROFILES["asgi"].command(port, Budget())
    bad = {"TESTBED_SERVER_THREADS": "many"}
    with pytest.raises(RuntimeError, match="THREADS is 'many'"), launched(command, bad, port):
        pass
