"""Where a request's time went, as bars: the parts of the split stacked, in ms and as shares."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dashboards.report.cells import Cell, Row, censored
from dashboards.report.charts.bars import (
    PARTS,
    REMAINDER,
    Panel,
    Stack,
    as_shares,
    in_ms,
    label,
    whole,
)
from dashboards.report.charts.chart import Table
from dashboards.report.charts.sentences import MANY
from dashboards.report.format import NBSP, duration, listed, percent
from loadtests.analysis.instruments import Parts, Split
from loadtests.analysis.summary import Trial

SLOWEST = "slowest 1" + NBSP + "%"
# A remainder below this share of the latency is rounding of the clocks.
VISIBLE_REMAINDER = 0.001


@dataclass(frozen=True, slots=True)
class SplitChart:
    """The chart of a cell: a finding, what is drawn, and the figures."""

    id: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    legend: tuple[tuple[str, str, str], ...]
    table: Table


def chart(cell: Cell, key: str) -> SplitChart | None:
    """The chart of a cell; None where no trial was measured."""
    found = {row.profile: mean for row in cell.drawn if (mean := means(row, lambda s: s.all))}
    if not found:
        return None
    slowest = {row.profile: mean for row in cell.drawn if (mean := means(row, lambda s: s.slowest))}
    bars = [
        (name, of is slowest, of[name]) for name in found for of in (found, slowest) if name in of
    ]
    return SplitChart(
        id=f"{key}-split",
        title=title(found),
        caption=_caption(cell, bool(slowest), found),
        panels=(in_ms(bars), as_shares(bars)),
        legend=tuple((name, label(name), meaning) for name, (meaning, _) in PARTS.items()),
        table=_table(bars),
    )


def means(row: Row, read: Callable[[Split], Parts | None]) -> dict[str, float] | None:
    """The parts of a row in ms, as means over its valid trials; None unless all have them."""
    found = [_parts(trial, read) for trial in row.valid]
    stated = [parts for parts in found if parts is not None]
    if not stated or len(stated) < len(found):
        return None
    return {
        name: statistics.fmean(getattr(parts, f"{name}_ms") for parts in stated)
        for name in (*PARTS, REMAINDER)
    }


def _parts(trial: Trial, read: Callable[[Split], Parts | None]) -> Parts | None:
    return None if trial.split is None else read(trial.split)


def title(found: Mapping[str, Mapping[str, float]]) -> str:
    """The greatest part of each profile's requests, profiles with the same part together."""
    groups: dict[str, dict[str, float]] = {}
    for profile, parts in found.items():
        greatest = max(PARTS, key=lambda name: parts[name])
        share = parts[greatest] / (whole(parts) or 1.0)
        groups.setdefault(greatest, {})[profile] = share
    clauses: list[str] = []
    for greatest, shares in groups.items():
        of = "" if clauses else " of a request’s time"
        clauses.append(f"{_whom(shares, groups)}: {_span(shares)}{of} {PARTS[greatest][1]}")
    return "; ".join(clauses)


def _whom(shares: Mapping[str, float], groups: Mapping[str, object]) -> str:
    if len(groups) == 1 and len(shares) > 1:
        return "Every profile"
    return listed(list(shares)) if len(shares) <= MANY else f"{len(shares)} profiles"


def _span(shares: Mapping[str, float]) -> str:
    low, high = percent(min(shares.values())), percent(max(shares.values()))
    return high if low == high else f"{low.removesuffix(NBSP + '%')} to {high}"


def _caption(cell: Cell, has_slowest: bool, found: Mapping[str, Mapping[str, float]]) -> str:
    said = (
        "The mean time of the answered requests, part by part: means over the valid trials, so "
        "that the parts add up. Wait is for what was asked, for a lock, for a pool’s place "
        "or for its loop. Return is what is left of the latency: the server’s parts reach to the "
        "moment at which its answer began."
    )
    if has_slowest:
        said += " The narrow bars are the slowest hundredth of the requests."
    floors = [row.profile for row in cell.drawn if row.profile in found and censored(row)]
    if floors:
        said += f" Requests to {listed(floors)} that were never answered are not in it."
    measured = [t.split.stamped for row in cell.drawn for t in row.valid if t.split is not None]
    if min(measured) < 1:
        said += f" At least {percent(min(measured))} of them were measured, chosen at random."
    beyond = [
        f"{duration(parts[REMAINDER])} with {profile}"
        for profile, parts in found.items()
        if -parts[REMAINDER] > VISIBLE_REMAINDER * whole(parts)
    ]
    if beyond:
        said += f" Remainder by the resolution of the clocks: {', '.join(beyond)}."
    return said


def _table(bars: Sequence[Stack]) -> Table:
    return Table(
        ("profile", *map(label, PARTS), REMAINDER, "latency"),
        tuple(
            (
                f"{name}, {SLOWEST}" if slowest else name,
                *(duration(parts[part]) for part in (*PARTS, REMAINDER)),
                duration(whole(parts) + parts[REMAINDER]),
            )
            for name, slowest, parts in bars
        ),
    )
