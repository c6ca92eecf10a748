"""The parts of a run that a claim reads: one workload under one load, with its valid trials.

Probes of a search and the second arm of a profile that runs twice are in none, as in comparisons;
a bad day (a burst, a stall of what is called, or clients that are no ordinary ones) says nothing of
any other: `bad_cells`.
Profiles are taken for what their row in the table says: synchronous is what gives each request a
process or a thread, asynchronous what runs all of them on one loop. Greenlets, which are written
like the one and wait like the other, and the loop with pools are neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadtests.analysis.claims.kinds import lines
from loadtests.analysis.compare import comparable
from loadtests.analysis.subjects import LoadSummary, WorkloadSummary
from loadtests.analysis.summary import Summary, Trial
from servers.profiles import PROFILES

HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Cell:
    """One workload under one load: the valid trials of each profile, in the order of the run."""

    workload: WorkloadSummary
    load: LoadSummary
    trials: Mapping[str, tuple[Trial, ...]]

    @property
    def under(self) -> str:
        """The load and the workload in words, after a preposition: `100 requests/s of “wait”`."""
        offered = f"{self.load.users} closed users of “{self.workload.name}”"
        if self.load.mode == "open":
            offered = f"{self.load.rate_rps or 0.0:g} requests/s of “{self.workload.name}”"
        if self.load.bursts:
            return f"a burst on {offered}"
        return f"a stall behind {offered}" if self.workload.stall else offered

    @property
    def bad(self) -> bool:
        """Whether it is a bad day: a burst, a stall, or clients that are no ordinary ones."""
        clients = any(line.client for line in lines(self.workload))
        return clients or self.load.bursts or bool(self.workload.stall)

    @property
    def weight(self) -> tuple[bool, float]:
        """Sorts loads from light to heavy: closed ones first, for they wait for the server."""
        is_open = self.load.mode == "open"
        return is_open, float((self.load.rate_rps if is_open else self.load.users) or 0.0)


def cells(summary: Summary) -> tuple[Cell, ...]:
    """Every cell of a run that has a valid trial: by workload, and from the lightest load on."""
    return tuple(cell for cell in _every(summary) if not cell.bad)


def bad_cells(summary: Summary) -> tuple[Cell, ...]:
    """The cells of bad days, in the same order."""
    return tuple(cell for cell in _every(summary) if cell.bad)


def _every(summary: Summary) -> Iterator[Cell]:
    trials = [trial for trial in comparable(summary.trials) if trial.arm == 1]
    for workload in summary.workloads:
        mine = [_cell(trials, workload, load) for load in summary.loads]
        yield from sorted((cell for cell in mine if cell.trials), key=lambda cell: cell.weight)


def _cell(trials: Sequence[Trial], workload: WorkloadSummary, load: LoadSummary) -> Cell:
    by_profile: dict[str, tuple[Trial, ...]] = {}
    for trial in trials:
        if (trial.workload, trial.load) == (workload.name, load.name):
            by_profile[trial.profile] = (*by_profile.get(trial.profile, ()), trial)
    return Cell(workload, load, by_profile)


def is_synchronous(profile: str) -> bool:
    """Whether each request has a process or a thread of its own while it is served."""
    row = PROFILES.get(profile)
    return row is not None and row.placement == "worker" and row.worker != "gevent"


def is_asynchronous(profile: str) -> bool:
    """Whether one event loop serves all requests of a worker, the blocking ones too."""
    row = PROFILES.get(profile)
    return row is not None and row.placement == "loop"


def pairs(profiles: Sequence[str], *, favoured: str) -> Iterator[tuple[str, str]]:
    """Every pair of a profile of the `favoured` side and one of the other.

    The side is `synchronous` or `asynchronous`.
    """
    sides = (is_synchronous, is_asynchronous)
    ours, theirs = sides if favoured == "synchronous" else sides[::-1]
    for one in filter(ours, profiles):
        for other in filter(theirs, profiles):
            yield one, other


def slots(summary: Summary) -> int | None:
    """How many requests each synchronous profile can hold at once; None where they differ."""
    facts = [p.facts for p in summary.profiles if is_synchronous(p.name)]
    # What a worker could not read of itself on this platform is null.
    told = [(f.get("workers"), f.get("threads")) for f in facts]
    held = {workers * threads for workers, threads in told if workers and threads}
    return held.pop() if len(held) == 1 else None


def anchor(summary: Summary, workload: str) -> str:
    """The id of a workload's section in the report, which leaves out workloads without trials."""
    ran = {trial.workload for trial in summary.trials}
    shown = [w.name for w in summary.workloads if w.name in ran]
    return f"workload-{shown.index(workload) + 1}" if workload in shown else ""
