"""The life of a twin, in a pretended time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.live.twin import READY_S, Twin
from servers.budget import Budget
from tests.loadtests.fakes import FakeWorld

BUDGET = Budget()


class Life:
    """A twin in a world of its own."""

    def __init__(self, folder: Path) -> None:
        self.world = FakeWorld(BUDGET)
        self.twin = Twin(self.world, "uvloop", self.world.free_port(), folder, frozenset({1}))

    def state(self) -> str:
        return self.twin.state

    def looks(self, count: int) -> list[bool]:
        found = []
        for _ in range(count):
            self.world.sleep(0.25)
            found.append(self.twin.attend())
        return found


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path)
    yield made
    made.twin.stop()
    # Nothing is left of it.
    assert not any(folder.exists() for folder in made.world.folders)


def test_it_is_ready_once_its_server_answers(life: Life) -> None:
    life.twin.start(BUDGET)
    life.world.healthy_after_ns = life.world.time_ns + 600_000_000
    assert life.state() == "starting"

    assert life.looks(4) == [False, False, True, False]
    assert life.state() == "running"
    assert life.twin.server().cpu_s is not None


def test_a_server_that_ends_is_told_with_its_last_words(life: Life) -> None:
    life.twin.start(BUDGET)
    life.looks(1)
    assert life.world.server is not None
    life.world.server.code = 3

    assert life.looks(1) == [False]
    assert life.state() == "ended"
    assert life.twin.why == "ended with exit code 3: the last line of uvloop"


def test_one_that_was_killed_said_nothing_of_it(life: Life) -> None:
    life.twin.start(BUDGET)
    assert life.world.server is not None
    life.world.server.code = -9
    life.looks(1)

    assert life.twin.why == "was ended by SIGKILL"


def test_one_that_never_answers_is_given_up(life: Life) -> None:
    life.world.healthy_after_ns = 10**18
    life.twin.start(BUDGET)
    life.looks(round(READY_S * 4) + 1)

    assert life.state() == "ended"
    assert life.twin.why.startswith("was not ready after 30 s")
    assert "stop uvloop" in life.world.log


def test_a_start_takes_the_place_of_what_runs(life: Life) -> None:
    life.twin.start(BUDGET)
    life.looks(1)
    life.twin.start(BUDGET)

    assert [line for line in life.world.log if "uvloop" in line] == [
        "start uvloop", "stop uvloop", "start uvloop",
    ]  # fmt: skip
    assert life.state() == "starting"
    assert life.looks(1) == [True]


def test_after_an_end_it_can_be_started_again(life: Life) -> None:
    life.twin.start(BUDGET)
    assert life.world.server is not None
    life.world.server.code = 1
    life.looks(1)
    life.twin.start(BUDGET)

    assert life.looks(1) == [True]
    assert life.twin.why == ""
