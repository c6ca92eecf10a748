"""What a trial brings along to look inside: a folder for ledgers, an exporter, what both leave.

Nothing of it where the experiment wants no instruments: then every stage here does nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from loadtests.experiment import Experiment
from loadtests.plan import GeneratorPlan
from loadtests.records import CourseRecord, Stack
from loadtests.results import TrialFolder, write_whole
from loadtests.run.exporter import Exporter
from loadtests.run.scrapes import Scrapes
from loadtests.run.standing import StandingExporter, exporter_at
from loadtests.run.world import World
from servers.profiles import Instruments as Mode

STOP_GRACE_S = 5.0
STACKS_KEPT = 20


class Instruments:
    """The instruments of one trial, from its first process to the removal of their folder."""

    def __init__(
        self,
        world: World,
        experiment: Experiment,
        profile: str,
        folder: TrialFolder,
        cpus: frozenset[int] | None,
    ) -> None:
        self._world, self._experiment, self._folder, self._cpus = world, experiment, folder, cpus
        self._profile = profile
        # Whoever stands has written the courses of others before.
        self._since_ns = 0 if experiment.standing is None else world.now_ns()
        self._exporter: Scrapes | None = None
        self.ledgers: Path | None = None

    @property
    def mode(self) -> Mode:
        """What a server is told: off, on, or explain."""
        if self.ledgers is None:
            return "off"
        return "explain" if self._experiment.explain else "on"

    def __enter__(self) -> Self:
        standing = self._experiment.standing
        if standing is not None:
            self.ledgers = Path(standing.ledgers)
        elif self._experiment.instruments:
            self.ledgers = self._world.make_folder()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._exporter is not None:
                self._exporter.stop(STOP_GRACE_S)
                if error is None:
                    self._exporter.forget_log()
        finally:
            if self.ledgers is not None and self._experiment.standing is None:
                self._world.remove_folder(self.ledgers)

    def start(self) -> None:
        """Start the exporter, so that it gets ready while the server does."""
        standing = self._experiment.standing
        if standing is not None:
            address = exporter_at(standing.exporter)
            self._exporter = StandingExporter(self._world, address, self._folder, self._profile)
        elif self.ledgers is not None:
            self._exporter = Exporter(self._world, self.ledgers, self._folder, self._cpus)

    def await_ready(self) -> None:
        """Wait until the exporter answers. Raises TrialError where it does not."""
        if self._exporter is not None:
            self._exporter.await_ready()

    def follow(self, plan: GeneratorPlan) -> None:
        """From now on there are scrapes to take: those of the plan's window."""
        if self._exporter is not None:
            self._exporter.follow(plan)

    def next_s(self) -> float:
        """Seconds until they must be attended to."""
        return math.inf if self._exporter is None else self._exporter.next_s()

    def attend(self) -> None:
        """Take a scrape if one is due. Raises TrialError where the exporter has died."""
        if self._exporter is not None:
            self._exporter.attend()

    def collect(self) -> tuple[Stack, ...]:
        """What the workers wrote, once they have ended: slices into the trial, stacks returned."""
        if self.ledgers is None:
            return ()
        courses = sorted(one for one in _courses(self.ledgers) if one[0] >= self._since_ns)
        if courses:
            write_whole(self._folder.slices, "".join(f"{line}\n" for _, line in courses))
        return hottest(_stacks(self.ledgers))


def hottest(stacks: Iterable[Stack]) -> tuple[Stack, ...]:
    """The stacks of all workers added up where they are the same; those that held the longest."""
    found: dict[tuple[str, tuple[str, ...]], Stack] = {}
    for stack in stacks:
        key = stack.route, stack.frames
        if key in found:
            total = stack.samples + found[key].samples, stack.held_ms + found[key].held_ms
            stack = stack.model_copy(update={"samples": total[0], "held_ms": total[1]})
        found[key] = stack
    ranked = sorted(found.values(), key=lambda s: (-s.held_ms, s.route, s.frames))
    return tuple(ranked[:STACKS_KEPT])


# A worker that was killed may have left half a line, and a client may capture on its own account.
def _courses(folder: Path) -> Iterator[tuple[int, str]]:
    for line in _lines(folder, "*.slices"):
        try:
            yield CourseRecord.model_validate_json(line).began_ns, line
        except ValueError:
            continue


def _stacks(folder: Path) -> Iterator[Stack]:
    for line in _lines(folder, "*.stacks"):
        try:
            yield Stack.model_validate_json(line)
        except ValueError:
            continue


def _lines(folder: Path, pattern: str) -> Iterator[str]:
    for path in sorted(folder.glob(pattern)):
        yield from path.read_text("utf-8", errors="replace").splitlines()
