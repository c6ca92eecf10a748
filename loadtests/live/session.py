"""The session: it obeys commands, and tells three times a second what both twins do.

Rule: every command is held to its bounds here, whoever sends it; one that is refused changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from loadtests.live.commands import Commands, Emit, Refused, answered
from loadtests.live.controls import BOUNDS, Controls
from loadtests.live.presets import PRESETS, Step, changed
from loadtests.live.seen import Seen, Waiting
from loadtests.live.telling import FEW, banner
from loadtests.live.twin import Twin
from loadtests.live.view import WINDOW_MS, View
from loadtests.workload import Request
from servers.budget import Budget
from servers.profiles import PROFILES

AHEAD_NS = 20_000_000
"""How far ahead of now a load begins, so that both engines have heard of it."""


class Loading(Protocol):
    """The load on one twin, as `load.Load` is."""

    def begin(self, controls: Controls, seed: str, start_ns: int) -> None:
        """Ask for this instead of what was asked for before."""

    def once(self, request: Request, at_ns: int) -> None:
        """Send one request beside all others."""

    def stop(self) -> None:
        """Ask for nothing more."""

    def news(self) -> list[Seen]:
        """The requests that have ended since the last look."""

    def waiting(self) -> list[Waiting]:
        """The requests that are under way."""

    @property
    def tripped(self) -> Sequence[str]:
        """The gates that are up."""


class Serving(Protocol):
    """What both twins call, as `called.Called` is."""

    def attend(self) -> None:
        """See that it runs."""

    @property
    def why(self) -> str:
        """What has happened to it, where it has ended by itself."""


class Session:
    """Both twins, each with its load, and what they call.

    `now_ns` is the clock that the loads keep to.
    """

    def __init__(
        self,
        twins: Sequence[Twin],
        loads: Sequence[Loading],
        emit: Emit,
        now_ns: Callable[[], int],
        *,
        seed: str = "live",
        called: Serving | None = None,
    ) -> None:
        self._twins, self._loads, self._emit, self._now_ns = twins, loads, emit, now_ns
        self._origin_ns = now_ns()
        self._seed, self._version, self._number = seed, 0, 0
        self._called = called
        self._controls = Controls()
        self._preset, self._steps = "", list[tuple[float, Step]]()
        self._watched = True
        self._views: list[View] = []
        self._queued = [0.0 for _ in twins]

    def start(self) -> None:
        """Say what there is, and start both twins."""
        self._emit({"hello": self._hello()})
        self._views = [View(twin.profile, self._budget, 0.0) for twin in self._twins]
        for number in range(len(self._twins)):
            self._restart(number)

    def obey(self, command: Mapping[str, Any]) -> None:
        """Do what a command says, and answer it."""
        self._emit({"answer": command.get("id"), "error": answered(_COMMANDS, self, command)})

    def tick(self) -> None:
        """Look after the twins, take the steps that are due, and tell what is seen."""
        now_ms = self._now_ms()
        if self._called is not None:
            self._called.attend()
        for number, twin in enumerate(self._twins):
            before = twin.state
            if twin.attend():
                self._begin([number])
            elif before != "ended" and twin.state == "ended":
                self._loads[number].stop()
        while self._steps and self._steps[0][0] <= now_ms:
            self._take(self._steps.pop(0)[1])
        frame = self._frame(now_ms)
        if self._watched:
            self._emit(frame)

    def _frame(self, now_ms: float) -> dict[str, Any]:
        shown = []
        for twin, load, view in zip(self._twins, self._loads, self._views, strict=True):
            news, waiting = load.news(), load.waiting()
            view.add(one for one in news if one.intended_ms >= view.since_ms)
            mine = [one for one in waiting if one.intended_ms >= view.since_ms]
            seen = view.frame(now_ms, mine, twin.server(), self._controls.asked)
            shown.append({**seen, "state": twin.state, "why": twin.why})
        self._queued = [float(twin["queued"]) for twin in shown]
        self._number += 1
        tripped = [gate for load in self._loads for gate in load.tripped]
        trouble = self._called.why if self._called is not None else ""
        return {
            "frame": self._number,
            "at_ms": round(now_ms, 1),
            "controls": self._controls.model_dump(),
            "load": self._controls.text,
            "preset": self._preset,
            "next_step_ms": round(self._steps[0][0] - now_ms) if self._steps else None,
            "banner": trouble or banner(tripped),
            "twins": shown,
        }

    def _hello(self) -> dict[str, Any]:
        return {
            "kind": "live",
            "bounds": BOUNDS,
            "controls": self._controls.model_dump(),
            "slots": self._slots,
            "window_ms": WINDOW_MS,
            "presets": [{"key": p.key, "name": p.name, "question": p.question} for p in PRESETS],
            "descriptions": {name: row.description for name, row in PROFILES.items()},
            "twins": [{"profile": twin.profile} for twin in self._twins],
        }

    def _set(self, command: Mapping[str, Any]) -> None:
        wanted = command.get("controls")
        if not isinstance(wanted, dict):
            raise Refused("controls are missing: give an object of those that change")
        controls = Controls.model_validate(self._controls.model_dump() | wanted)
        self._preset, self._steps = "", []
        self._change(controls)

    def _play(self, command: Mapping[str, Any]) -> None:
        preset = next((p for p in PRESETS if p.name == command.get("name")), None)
        if preset is None:
            raise Refused(f"there is no preset {command.get('name')!r}")
        now_ms = self._now_ms()
        self._preset = preset.name
        self._steps = [(now_ms + 1000.0 * step.after_s, step) for step in preset.steps]
        self._take(self._steps.pop(0)[1])
        for number, queued in enumerate(self._queued):
            # A lecture begins with empty queues.
            if queued > FEW and self._twins[number].state == "running":
                self._restart(number)

    def _again(self, command: Mapping[str, Any]) -> None:
        number = command.get("twin")
        if type(number) is not int or number not in range(len(self._twins)):
            raise Refused(f"there is no twin {number!r}")
        self._restart(number)

    def _watch(self, command: Mapping[str, Any]) -> None:
        before, self._watched = self._watched, command.get("on") is True
        if self._watched and not before:
            self._begin(range(len(self._twins)))
        if not self._watched:
            self._preset, self._steps = "", []
            for load in self._loads:
                load.stop()

    def _take(self, step: Step) -> None:
        if step.changes:
            self._change(changed(self._controls, step))
        if step.once is not None:
            at_ns = self._now_ns()
            for twin, load in zip(self._twins, self._loads, strict=True):
                if twin.state == "running":
                    load.once(step.once, at_ns)

    def _change(self, controls: Controls) -> None:
        before, self._controls = self._budget, controls
        self._version += 1
        for number, twin in enumerate(self._twins):
            if _concerns(twin.profile, before, self._budget):
                self._restart(number)
        # Those that start are not running yet, and get it when they are ready.
        self._begin(range(len(self._twins)))

    def _restart(self, number: int) -> None:
        self._loads[number].stop()
        self._twins[number].start(self._budget)
        self._views[number] = View(self._twins[number].profile, self._budget, self._now_ms())

    def _begin(self, numbers: Sequence[int]) -> None:
        """The load on those that run, at the same times, while somebody watches."""
        if not self._watched:
            return
        start_ns = self._now_ns() + AHEAD_NS
        for number in numbers:
            if self._twins[number].state == "running":
                self._loads[number].begin(self._controls, f"{self._seed}/{self._version}", start_ns)

    @property
    def _slots(self) -> str:
        """What a slot is to those that are shown."""
        if "sync" in (twin.profile for twin in self._twins):
            return "Processes"
        return "Threads"

    @property
    def _budget(self) -> Budget:
        return Budget(slots=self._controls.slots, workers=self._controls.workers)

    def _now_ms(self) -> float:
        return (self._now_ns() - self._origin_ns) / 1e6


def _concerns(profile: str, before: Budget, after: Budget) -> bool:
    """Whether a server must be started anew: a loop that gives nothing to threads uses no slots."""
    row = PROFILES[profile]
    slotted = row.worker in ("sync", "gthread") or row.placement == "pools"
    return before.workers != after.workers or (slotted and before.slots != after.slots)


_COMMANDS: Commands[Session] = {
    "set": Session._set,
    "preset": Session._play,
    "restart": Session._again,
    "watch": Session._watch,
}
