"""What both twins of a session call: where it is, and that it is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtests.live.called import PAUSE_S, Called
from loadtests.live.session import Session
from loadtests.live.twin import Twin
from servers.budget import Budget
from tests.loadtests.fakes import FakeWorld


class Life:
    """A session of a service alone, in a pretended time."""

    def __init__(self, folder: Path) -> None:
        self.world = FakeWorld()
        self.called = Called(self.world, 8123, folder)
        self.said: list[Mapping[str, Any]] = []
        self.session = Session([], [], self.said.append, self.world.now_ns, called=self.called)

    def pass_s(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.world.sleep(0.25)
            self.session.tick()

    def end(self, code: int) -> None:
        assert self.world.downstream is not None
        self.world.downstream.code = code

    @property
    def banner(self) -> str:
        return str(self.said[-1]["banner"])


def test_it_runs_once_and_again_where_it_has_ended_and_ends_at_last(tmp_path: Path) -> None:
    life = Life(tmp_path)

    life.pass_s(PAUSE_S + 1)
    assert life.world.log == ["start downstream"]
    life.end(-9)
    life.pass_s(1)
    life.called.stop()

    assert life.world.log[1:] == ["stop downstream", "start downstream", "stop downstream"]
    command = life.world.commands["downstream"]
    assert command[command.index("--port") + 1] == "8123"
    assert command[command.index("--ledgers") + 1] == str(tmp_path)


def test_one_that_ends_at_once_is_started_again_after_a_pause(tmp_path: Path) -> None:
    life = Life(tmp_path)

    for _ in range(round(4 * 3 * PAUSE_S)):
        life.pass_s(0.25)
        life.end(1)

    assert life.world.log.count("start downstream") == 3


def test_the_page_says_how_it_ended_until_it_has_run_for_a_while(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.pass_s(1)
    assert life.banner == ""

    life.end(1)
    life.pass_s(0.25)
    told = "the service that both twins call ended with exit code 1: the last line of downstream"
    assert life.banner == told
    life.pass_s(PAUSE_S)
    assert life.world.log[-1] == "start downstream"
    assert life.banner == told

    life.pass_s(PAUSE_S)
    assert life.banner == ""


def test_a_twin_is_told_where_it_is(tmp_path: Path) -> None:
    world = FakeWorld(Budget())
    called = Called(world, 8123, tmp_path)
    twin = Twin(world, "uvloop", world.free_port(), tmp_path, None, called.dependencies)

    twin.start(Budget())
    told = world.environment["server"]["TESTBED_SERVER_DOWNSTREAM"]
    twin.stop()

    assert told == "http://127.0.0.1:8123"
