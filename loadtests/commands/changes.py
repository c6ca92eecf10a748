"""The comparison of two runs as text, worst first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from loadtests.analysis.between.across import CAPACITY
from loadtests.analysis.between.difference import Across, Difference, Verdict
from loadtests.analysis.metrics import METRICS
from loadtests.analysis.summary import Summary

VERDICTS: tuple[Verdict, ...] = ("worse", "better", "undecided", "no visible difference")
TITLES = {name: metric.title for name, metric in METRICS.items()} | {
    CAPACITY: "capacity, requests/s"
}
WIDTH = 100


def head(summary: Summary) -> dict[str, str | int | None]:
    """Which run it is."""
    return {
        "run_id": summary.run_id,
        "experiment": summary.experiment,
        "commit": summary.environment.get("commit"),
        "trials": len(summary.trials),
        "valid": sum(trial.valid for trial in summary.trials),
    }


def lines(a: Summary, b: Summary, result: Across) -> Iterator[str]:
    """The comparison line by line."""
    for name, side in (("A", head(a)), ("B", head(b))):
        yield (
            f"{name}: {side['experiment']} {side['run_id']}, {_commit(side['commit'])}, "
            f"{side['valid']} of {side['trials']} trials valid"
        )
    yield from (f"unlike: {reason.text}" for reason in result.unlike)
    for verdict in VERDICTS:
        found = result.of(verdict)
        if found:
            yield from ("", f"{verdict} ({len(found)})", *_table(found))
    for title, texts in (("cannot be judged", result.lost), ("only in A", result.absent)):
        if texts:
            yield from ("", f"{title} ({len(texts)})", *(f"  {text}" for text in texts))
    yield ""
    yield from textwrap.wrap(" ".join(_notes(result)), WIDTH)


def _commit(commit: str | int | None) -> str:
    """A commit in words; an analysis marks one whose working tree was changed with `+`."""
    name = str(commit or "unknown")
    changed = " with uncommitted changes" if name.endswith("+") else ""
    return f"commit {name.removesuffix('+')}{changed}"


def _table(found: tuple[Difference, ...]) -> Iterator[str]:
    rows = [
        (
            each.profile,
            f"{each.workload} at {each.load}" if each.load else each.workload,
            TITLES[each.metric],
            f"{_least(each, 'A')}{_figure(each.a)} → {_least(each, 'B')}{_figure(each.b)}",
            f"× {_ratio(each.ratio)}",
            _interval(each),
        )
        for each in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()


def _least(each: Difference, side: str) -> str:
    return "≥ " if side in each.lower_bound else ""


def _interval(each: Difference) -> str:
    counts = f"{each.n_a} + {each.n_b} {'trials' if each.load else 'probes'}"
    if each.low is None or each.high is None:
        return f"no interval, {counts}"
    return f"{_ratio(each.low)} to {_ratio(each.high)}, {counts}"


def _notes(result: Across) -> Iterator[str]:
    if not result.differences:
        yield "The runs have no valid trials of the same profile, workload and load."
        return
    yield "× is B/A, by medians over valid trials, with its 95 % interval."
    tested = sum(each.p is not None for each in result.differences)
    if tested:
        yield (
            f"Of {tested} such intervals about {0.05 * tested:.2g} exclude 1 by chance; worse "
            "and better are said only of ratios that pass Holm's correction for all of them at 5 %."
        )
    if not result.judged:
        yield "Nothing can be judged: an interval needs three valid trials a side; set repetitions."
    narrow = min(each.band for each in result.differences)
    yield (
        f"No visible difference: the whole interval lies between 1/{narrow:g} and {narrow:g}, or "
        "within the noise floor where a run measured one that is wider."
    )


def _figure(value: float) -> str:
    """Three significant digits, and all digits of what is greater, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 99.95 else f"{value:#.3g}"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= value < 10.0 else _figure(value)
