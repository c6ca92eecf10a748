"""Whether two runs may be compared: every way in which they are unlike, but for their commits.

What is compared is two versions of the code; so machine, software, experiment and serving must be
the same. The profiles need not be: only what both have is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadtests.analysis.summary import Summary

MACHINE = ("machine", "cpu", "cores", "usable_cores", "system")
SOFTWARE = ("python", "implementation", "free_threaded")
TABLES = ("packages", "sysctl")
DURATIONS = ("warmup_s", "measure_s", "drain_s")
MEMORY = 1.05
"""A system does not always count quite the same memory as its own."""
MISSING = "not recorded"


@dataclass(frozen=True, slots=True)
class Unlike:
    """One thing that two runs do not share, with the word of each."""

    what: str
    a: str
    b: str

    @property
    def text(self) -> str:
        """The difference in words."""
        return f"{self.what}: {self.a} in A, {self.b} in B"


def unlike(a: Summary, b: Summary) -> tuple[Unlike, ...]:
    """Every reason against comparing two runs, in a fixed order; none where they are alike."""
    planned = tuple(_experiment(a, b))
    # Where the experiment differs, so do its schedules: to name these as well says nothing more.
    offered = () if planned else tuple(_schedules(a, b))
    around = (*_environment(a.environment, b.environment), *_serving(a, b))
    return (*around, *planned, *offered)


def _environment(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Unlike]:
    for name in (*MACHINE, *SOFTWARE):
        yield from _unequal(name, a.get(name), b.get(name))
    sizes = [side.get("memory_mb") for side in (a, b)]
    known = [size for size in sizes if isinstance(size, int | float) and size > 0]
    if len(known) < 2 or max(known) > MEMORY * min(known):
        yield from _unequal("memory_mb", *sizes)
    for table in TABLES:
        yield from _by_name(table, a.get(table) or {}, b.get(table) or {})


def _experiment(a: Summary, b: Summary) -> Iterator[Unlike]:
    yield from _unequal("seed", a.seed, b.seed)
    for name in DURATIONS:
        yield from _unequal(name, getattr(a, name), getattr(b, name))
    yield from _by_name("budget", a.budget, b.budget)
    workloads = [{w.name: ", ".join(w.requests) for w in side.workloads} for side in (a, b)]
    yield from _by_name("workload", *workloads)
    yield from _by_name("load", _loads(a), _loads(b))
    besides = ["with" if any(t.bystander for t in side.trials) else "without" for side in (a, b)]
    yield from _unequal("bystander", *besides)
    goals = [", ".join(sorted({c.objective for c in side.capacities})) for side in (a, b)]
    if all(goals):
        yield from _unequal("objective", *goals)


def _loads(summary: Summary) -> dict[str, str]:
    """The loads that the experiment names: what a search asks for follows from what it finds."""
    named = {trial.load for trial in summary.trials if trial.role != "probe"}
    probed = {trial.load for trial in summary.trials} - named
    return {load.name: load.text for load in summary.loads if load.name not in probed}


def _serving(a: Summary, b: Summary) -> Iterator[Unlike]:
    pinned = [{p.name: p.facts.get("pinned") for p in side.profiles} for side in (a, b)]
    for name in (name for name in pinned[0] if name in pinned[1]):
        yield from _unequal(f"{name} on processors of its own", pinned[0][name], pinned[1][name])
    yield from _unequal("servers", _servers(a), _servers(b))
    yield from _unequal("instruments", _instruments(a), _instruments(b))


def _servers(summary: Summary) -> str:
    stood = any(reason.code == "standing" for trial in summary.trials for reason in trial.warnings)
    return "running already" if stood else "started for each trial"


def _instruments(summary: Summary) -> str:
    if any(trial.held_lines for trial in summary.trials):
        return "on, with lines explained"
    measured = any(trial.split or trial.server_side for trial in summary.trials)
    return "on" if measured else "off"


def _schedules(a: Summary, b: Summary) -> Iterator[Unlike]:
    """What else was offered otherwise: the bystander, or what a changed generator makes of it."""
    digests: list[dict[tuple[str, str, int], set[str]]] = [{}, {}]
    for found, side in zip(digests, (a, b), strict=True):
        for trial in (trial for trial in side.trials if trial.role != "probe"):
            cell = (trial.workload, trial.load, trial.repetition)
            found.setdefault(cell, set()).add(trial.schedule_digest)
    told: set[tuple[str, str]] = set()
    for cell, mine in digests[0].items():
        theirs = digests[1].get(cell, mine)
        if mine.isdisjoint(theirs) and cell[:2] not in told:
            told.add(cell[:2])
            what = f"schedule of “{cell[0]}” at {cell[1]}"
            yield Unlike(what, ", ".join(sorted(mine)), ", ".join(sorted(theirs)))


def _by_name(kind: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Unlike]:
    for name in dict.fromkeys((*a, *b)):
        yield from _unequal(f"{kind} {name}", a.get(name), b.get(name))


def _unequal(what: str, a: object, b: object) -> Iterator[Unlike]:
    if a != b:
        words = [MISSING if value is None else str(value) for value in (a, b)]
        yield Unlike(what, *words)
