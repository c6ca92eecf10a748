"""What both twins of a session call: where it is, and that it is there."""

from __future__ import annotations

from pathlib import Path

from loadtests.live.called import Called
from loadtests.live.session import Session
from loadtests.live.twin import Twin
from servers.budget import Budget
from tests.loadtests.fakes import FakeWorld


def test_it_runs_once_and_again_where_it_has_ended_and_ends_at_last(tmp_path: Path) -> None:
    world = FakeWorld()
    called = Called(world, 8123, tmp_path)
    session = Session([], [], lambda _: None, world.now_ns, called=called)

    for _ in range(3):
        session.tick()
    assert world.log == ["start downstream"]
    assert world.downstream is not None
    world.downstream.code = -9
    for _ in range(3):
        session.tick()
    called.stop()

    assert world.log[1:] == ["stop downstream", "start downstream", "stop downstream"]
    command = world.commands["downstream"]
    assert command[command.index("--port") + 1] == "8123"
    assert command[command.index("--ledgers") + 1] == str(tmp_path)


def test_a_twin_is_told_where_it_is(tmp_path: Path) -> None:
    world = FakeWorld(Budget())
    called = Called(world, 8123, tmp_path)
    twin = Twin(world, "uvloop", world.free_port(), tmp_path, None, called.dependencies)

    twin.start(Budget())
    told = world.environment["server"]["TESTBED_SERVER_DOWNSTREAM"]
    twin.stop()

    assert told == "http://127.0.0.1:8123"
