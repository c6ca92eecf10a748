"""A recorded run as a session: the same frames, at the pace at which it was recorded.

Nothing is started, and nothing is loaded. Two profiles are shown side by side; one is shown alone
where no other had the load.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.analysis import saved
from loadtests.experiment import Experiment
from loadtests.live.asked import asked_of
from loadtests.live.commands import Commands, Emit, Refused, answered
from loadtests.live.tape import Tape
from loadtests.live.view import WINDOW_MS, View
from loadtests.matrix import TrialSpec
from loadtests.results import TrialFolder
from servers.profiles import PROFILES

Saved = Mapping[str, tuple[TrialSpec, TrialFolder]]
STILL_MS = 3000.0
"""How long the end of a trial stands before it begins again."""
SIDES = 2
"""How many profiles are shown at once, at most."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One load of one workload: what it asks for in words, and a trial of each profile."""

    workload: str
    load: str
    text: str
    trials: Saved

    @property
    def shown(self) -> int:
        """How many of its profiles are shown at once."""
        return min(len(self.trials), SIDES)


def cells_of(experiment: Experiment, trials: Sequence[tuple[TrialSpec, TrialFolder]]) -> list[Cell]:
    """The cells of the trials that the experiment names, with the first trial of each profile.

    Those that predictions rest on come last. What a search tries is left out: its rates, and how
    long each is tried, follow from the profile.
    """
    found: dict[tuple[str, str], dict[str, tuple[TrialSpec, TrialFolder]]] = {}
    named = [(spec, folder) for spec, folder in trials if spec.role != "probe"]
    for spec, folder in sorted(named, key=lambda trial: trial[0].role != "sweep"):
        key = (spec.workload.name, spec.load.name)
        found.setdefault(key, {}).setdefault(spec.profile, (spec, folder))
    return [Cell(workload, load, _text(mine), mine) for (workload, load), mine in found.items()]


def _text(mine: Saved) -> str:
    spec, _ = next(iter(mine.values()))
    return f"{spec.load.brief}, {spec.workload.name}"


class Replay:
    """The replay of a run. `now_ms` is a clock that runs on."""

    def __init__(
        self,
        name: str,
        experiment: Experiment,
        cells: Sequence[Cell],
        emit: Emit,
        now_ms: Callable[[], float],
    ) -> None:
        self._name, self._experiment, self._cells = name, experiment, cells
        self._emit, self._now_ms = emit, now_ms
        self._number = self._round = 0
        self._clock_ms = self._at_ms = self._told_ms = 0.0
        self._views: list[View] = []
        self._paused, self._watched = False, True
        self._play(0, ())

    def start(self) -> None:
        """Say what there is."""
        self._emit({"hello": self._hello()})

    def obey(self, command: Mapping[str, Any]) -> None:
        """Do what a command says, and answer it."""
        self._emit({"answer": command.get("id"), "error": answered(_COMMANDS, self, command)})

    def tick(self) -> None:
        """Tell what was seen at the moment at which the replay is."""
        clock_ms = self._now_ms()
        passed_ms, self._clock_ms = clock_ms - self._clock_ms, clock_ms
        if self._paused or not self._watched:
            return
        self._at_ms += passed_ms
        if self._at_ms > max(tape.end_ms for tape in self._tapes) + STILL_MS:
            self._rewind()
        self._tell()

    def _tell(self) -> None:
        shown = []
        for tape, view in zip(self._tapes, self._views, strict=True):
            view.add(tape.between(self._told_ms, self._at_ms))
            asked = asked_of(self._spec.load, self._spec.workload.requests)
            waiting, server = tape.waiting(self._at_ms), tape.server(self._at_ms)
            frame = view.frame(self._at_ms, waiting, server, asked)
            shown.append({**frame, "state": "recorded", "why": ""})
        self._told_ms = self._at_ms
        self._number += 1
        self._emit(
            {
                "frame": self._number,
                "at_ms": round(self._at_ms, 1),
                "end_ms": round(max(tape.end_ms for tape in self._tapes), 1),
                "round": self._round,
                "cell": self._cell,
                "load": self._cells[self._cell].text,
                "banner": "",
                "twins": shown,
            }
        )

    def _hello(self) -> dict[str, Any]:
        bystander = self._experiment.bystander
        return {
            "kind": "replay",
            "run": self._name,
            "bystander_rps": bystander.rate if bystander else None,
            "window_ms": WINDOW_MS,
            "cells": [{"text": cell.text, "profiles": list(cell.trials)} for cell in self._cells],
            "descriptions": {name: row.description for name, row in PROFILES.items()},
            "twins": [{"profile": name} for name in self._profiles],
        }

    def _choose(self, command: Mapping[str, Any]) -> None:
        number, wanted = command.get("number"), command.get("profiles", [])
        if type(number) is not int or number not in range(len(self._cells)):
            raise Refused(f"there is no load {number!r} in this run")
        cell = self._cells[number]
        names = tuple(map(str, wanted)) if isinstance(wanted, list) else ("",)
        if len(names) not in (0, cell.shown) or not set(names) <= set(cell.trials):
            there = ", ".join(cell.trials)
            allowed = f"two of {there}" if cell.shown == SIDES else f"{there}, which ran alone"
            raise Refused(f"{wanted!r}: give {allowed}")
        self._play(number, names)
        if self._paused:
            # What stands still is its beginning.
            self._tell()

    def _pause(self, command: Mapping[str, Any]) -> None:
        self._paused = command.get("on") is True

    def _watch(self, command: Mapping[str, Any]) -> None:
        self._watched = command.get("on") is True

    def _play(self, number: int, wanted: tuple[str, ...]) -> None:
        there = self._cells[number].trials
        chosen = wanted or _first(list(there))
        loaded = [saved.load(*there[profile]) for profile in chosen]
        self._cell, self._profiles, self._spec = number, chosen, loaded[0].spec
        self._tapes = [Tape(trial) for trial in loaded]
        self._rewind()

    def _rewind(self) -> None:
        self._clock_ms = self._now_ms()
        self._at_ms = self._told_ms = 0.0
        # It is never the same twice: what is chosen again begins again, and a page must see that.
        self._round += 1
        self._views = [
            View(profile, self._experiment.server_budget(), 0.0) for profile in self._profiles
        ]


def _first(profiles: list[str]) -> tuple[str, ...]:
    """Of each kind the first; where all are of one kind, the first two, or the only one."""
    flask = [name for name in profiles if PROFILES[name].twin == "flask"]
    others = [name for name in profiles if name not in flask]
    return (flask[0], others[0]) if flask and others else tuple(profiles[:SIDES])


_COMMANDS: Commands[Replay] = {
    "cell": Replay._choose,
    "pause": Replay._pause,
    "watch": Replay._watch,
}
