"""The words of a chart's title, computed from its figures.

Rule: what differs by less than the factor VISIBLE is called no visible difference.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Mapping, Sequence

from dashboards.report.cells import VISIBLE, Cell
from dashboards.report.format import NBSP, duration, listed, rate

# A profile that answers this share of what was offered keeps up with it.
KEEPS_UP = 0.95

# Latency that grows by this factor does more than vary.
GROWN = 1.5

# Latency that is this factor higher in its highest slice than in its lowest does more than vary,
# unless that is no more than one slow moment of a host.
RISEN = 5.0
MOMENT_MS = 20.0

# Latency below this is noise of the clock and the scheduler: doubling it says nothing.
LEAST_MS = 1.0

# More names than this make a title that nobody reads.
MANY = 3


def spread(
    values: Mapping[str, float | None],
    show: Callable[[float], str],
    *,
    what: str,
    floors: Collection[str] = (),
) -> str:
    """Who is lowest and who is highest, each group within the factor VISIBLE of its extreme.

    `what` opens the sentence: "99 % of the requests are answered within". Profiles without a
    value are named at its end, so that nothing is claimed about them; the values of those in
    `floors` are lower bounds, and are written so.
    """
    found = {name: value for name, value in values.items() if value is not None}
    silent = [name for name in values if name not in found]
    if not found:
        return f"{what}: not stated for any profile"

    def group(names: Sequence[str]) -> str:
        sign = f"≥{NBSP}" if any(name in floors for name in names) else ""
        return sign + show(max(found[name] for name in names))

    end = f"; not stated for {listed(silent)}" if silent else ""
    return _compared(found, group, what, everyone=not silent, bounds=bool(floors)) + end


def _compared(
    found: Mapping[str, float],
    group: Callable[[Sequence[str]], str],
    what: str,
    *,
    everyone: bool,
    bounds: bool,
) -> str:
    low, high = min(found.values()), max(found.values())
    best = [name for name, value in found.items() if value <= low * VISIBLE]
    worst = [name for name, value in found.items() if value >= high / VISIBLE]
    if len(best) == len(found):
        whom = "every profile" if everyone and len(found) > 1 else listed(best)
        said = f"{what} {group(best)} with {whom}"
        # Two lower bounds that agree say nothing about what lies above them.
        alike = len(found) > 1 and not bounds
        return f"No visible difference: {_lower(said)}" if alike else said
    if len(best) > MANY and len(best) + len(worst) == len(found):
        return f"{what} {group(worst)} with {listed(worst)}, {group(best)} with {others(best)}"
    return f"{what} {group(best)} with {listed(best)}, {group(worst)} with {others(worst)}"


def others(names: Sequence[str]) -> str:
    """The names where they are few, else how many: the sentence has named everybody else."""
    return listed(names) if len(names) <= MANY else f"the other {len(names)}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def throughput_title(cell: Cell) -> str:
    """Who keeps up with the offered rate of the cell, and how much the others answer."""
    offered, achieved = rates(cell)
    if cell.load.mode != "open":
        return spread(achieved, rate, what="Throughput is")
    behind = [name for name in achieved if achieved[name] < KEEPS_UP * offered[name]]
    ahead = [name for name in achieved if name not in behind]
    asked = rate(max(offered.values()))
    if not behind:
        every = "Every profile answers" if len(ahead) > 1 else f"{ahead[0]} answers"
        return f"{every} the {asked} that are offered"
    parts = [f"{name} answers {_of(achieved[name])}" for name in behind]
    first = f"Of {asked}, {listed(parts)}"
    return f"{first}; {others(ahead)} {_verb(ahead, 'keeps', 'keep')} up" if ahead else first


def rates(cell: Cell) -> tuple[dict[str, float], dict[str, float]]:
    """Offered and achieved requests per second by profile: medians over the valid trials."""
    offered = {row.profile: row.median(lambda t: t.offered_rps) or 0 for row in cell.drawn}
    achieved = {row.profile: row.median(lambda t: t.achieved_rps) or 0 for row in cell.drawn}
    return offered, achieved


def _of(value: float) -> str:
    return rate(value).split()[0]


def _verb(names: list[str], one: str, many: str) -> str:
    return one if len(names) == 1 else many


def growth(curves: Mapping[str, Sequence[float]]) -> str:
    """Whose latency (ms, slice by slice) grows: the median of its last third against its first.

    Where none does, but some rises and falls again, the peak of each.
    """
    if not curves:
        return "No answers to draw"
    grown = [name for name, values in curves.items() if _grows(values)]
    risen = [name for name, values in curves.items() if _rises(values)]
    if risen and not grown:
        peaks = {name: max(values) for name, values in curves.items()}
        return spread(peaks, duration, what="The median latency peaks at")
    if not grown:
        return "Latency stays level through the trial"
    level = [name for name in curves if name not in grown and name not in risen]
    rest = f"; {others(level)} {_verb(level, 'stays', 'stay')} level" if level else ""
    if len(grown) > MANY:
        return f"Latency grows through the trial with {len(grown)} of {len(curves)} profiles"
    if len(grown) > 2:
        return f"Latency grows through the trial with {listed(grown)}{rest}"
    parts = [f"with {n} from {duration(curves[n][0])} to {duration(curves[n][-1])}" for n in grown]
    return f"Latency grows through the trial {listed(parts)}{rest}"


def _rises(values: Sequence[float]) -> bool:
    return max(values) >= max(RISEN * min(values), MOMENT_MS)


def _grows(values: Sequence[float]) -> bool:
    third = len(values) // 3
    if third == 0:
        return False
    first, last = statistics.median(values[:third]), statistics.median(values[-third:])
    return last >= GROWN * max(first, LEAST_MS) and values[-1] > values[0]
