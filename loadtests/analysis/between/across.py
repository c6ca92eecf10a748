"""Two runs of one experiment: what got worse and what got better from A to B.

The runs took place at different times, so that their trials are no pairs: the ratio of medians has
an interval for independent samples. Equal seeds give both runs the same schedules; what these
make alike is not made use of, and the intervals are rather too wide than too narrow.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from loadtests.analysis.between.alike import unlike
from loadtests.analysis.between.difference import Across, Difference, verdict
from loadtests.analysis.compare import comparable
from loadtests.analysis.decisions import Capacity
from loadtests.analysis.metrics import METRICS, Metric
from loadtests.analysis.summary import Summary, Trial
from loadtests.theory.unpaired import holm, welch

Cell = tuple[str, str, str]

BAND = 1.05
"""What differs by less is not told apart. It is narrower than between profiles: of a change to the
code one wants to know a tenth, which no choice between models would rest on."""
CAPACITY = "capacity_rps"


def across(a: Summary, b: Summary, band: float = BAND) -> Across:
    """Compare run B with run A; `band` is the least factor that counts as a difference."""
    mine, theirs = _cells(a.trials), _cells(b.trials)
    ran = {(trial.profile, trial.workload, trial.load) for trial in b.trials}
    differences: list[Difference] = []
    lost: list[str] = []
    absent: list[str] = []
    for cell, trials in mine.items():
        where = f"{cell[0]}, {cell[1]} at {cell[2]}"
        if cell in theirs:
            spreads = _spreads(cell, a, b)
            found, without = _shared(cell, trials, theirs[cell], spreads, band)
            differences += found
            lost += (f"{where}: {title} is not stated, or 0, in B" for title in without)
        elif cell in ran:
            lost.append(f"{where}: no valid trial in B")
        else:
            absent.append(f"{where}: not run in B")
    capacities, unknown = _capacities(a, b, band)
    return Across(
        unlike=unlike(a, b),
        differences=(*_worded(differences), *capacities),
        lost=(*lost, *unknown),
        absent=tuple(absent),
    )


def _cells(trials: Sequence[Trial]) -> dict[Cell, list[Trial]]:
    found: dict[Cell, list[Trial]] = {}
    for trial in comparable(trials):
        if trial.arm == 1:
            found.setdefault((trial.profile, trial.workload, trial.load), []).append(trial)
    return found


def _spreads(cell: Cell, *sides: Summary) -> dict[str, float]:
    """The noise floor of a cell by metric, the greater of both runs, where they have one."""
    found: dict[str, float] = {}
    for floor in (floor for side in sides for floor in side.decisions.noise):
        if (floor.profile, floor.workload, floor.load) == cell:
            found[floor.metric] = max(found.get(floor.metric, 1.0), floor.spread)
    return found


def _figures(trials: Sequence[Trial], metric: Metric) -> list[float] | None:
    """The figure of every trial; None unless all of them have one above 0."""
    found = [value for value in map(metric, trials) if value]
    return found if len(found) == len(trials) else None


def _shared(
    cell: Cell, a: Sequence[Trial], b: Sequence[Trial], spreads: Mapping[str, float], band: float
) -> tuple[list[Difference], list[str]]:
    """The differences of a cell, not yet judged, and the metrics that only A states."""
    found: list[Difference] = []
    lost: list[str] = []
    for name, metric in METRICS.items():
        before, after = _figures(a, metric), _figures(b, metric)
        if before and after:
            wide = max(band, spreads.get(name, 1.0))
            sides = zip("AB", (a, b), strict=True)
            bounds = (side for side, trials in sides if any(map(metric.is_lower_bound, trials)))
            made = _difference(cell, name, before, after, wide)
            found.append(replace(made, lower_bound="".join(bounds)))
        elif before:
            lost.append(metric.title)
    return found, lost


def _difference(
    cell: Cell, metric: str, a: Sequence[float], b: Sequence[float], band: float
) -> Difference:
    contrast = welch(a, b)
    medians = statistics.median(a), statistics.median(b)
    return Difference(
        *cell,
        metric=metric,
        a=medians[0],
        b=medians[1],
        ratio=medians[1] / medians[0],
        low=contrast.low if contrast else None,
        high=contrast.high if contrast else None,
        p=contrast.p if contrast else None,
        n_a=len(a),
        n_b=len(b),
        band=band,
    )


def _worded(differences: Sequence[Difference]) -> Iterator[Difference]:
    """All differences with their p-values for all, and with what they may then be called."""
    adjusted = iter(holm([found.p for found in differences if found.p is not None]))
    for found in differences:
        judged = found if found.p is None else replace(found, p=next(adjusted))
        yield replace(judged, verdict=verdict(judged, METRICS[found.metric].worse))


def _capacities(a: Summary, b: Summary, band: float) -> tuple[list[Difference], list[str]]:
    """Capacities that both have, by their brackets, and those that B searched for in vain."""
    ran = {(trial.profile, trial.workload) for trial in b.trials}
    theirs = {(capacity.profile, capacity.workload): capacity for capacity in b.capacities}
    found: list[Difference] = []
    lost: list[str] = []
    for mine in a.capacities:
        contender = (mine.profile, mine.workload)
        if contender in theirs and mine.rate_rps > 0.0:
            found.append(_capacity(mine, theirs[contender], band))
        elif contender in ran:
            lost.append(f"{', '.join(contender)}: no capacity in B")
    return found, lost


def _capacity(a: Capacity, b: Capacity, band: float) -> Difference:
    bounded = a.low_rps > 0.0
    found = Difference(
        a.profile,
        a.workload,
        load="",
        metric=CAPACITY,
        a=a.rate_rps,
        b=b.rate_rps,
        ratio=b.rate_rps / a.rate_rps,
        low=b.low_rps / a.high_rps if bounded else None,
        high=b.high_rps / a.low_rps if bounded else None,
        p=None,
        n_a=len(a.probes),
        n_b=len(b.probes),
        band=band,
    )
    return replace(found, verdict=verdict(found, "lower"))
