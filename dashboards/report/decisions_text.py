"""What a run decides, for the terminal: capacities, verdicts, findings. 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from dashboards.report import capacities, verdicts
from dashboards.report.charts import capacity
from dashboards.report.charts.prediction_words import stated
from dashboards.report.format import MISSING, bounds, printable
from loadtests.analysis.decisions import Capacity
from loadtests.analysis.predicted import Prediction
from loadtests.analysis.summary import Summary

WIDTH = 100
NAME = 14
# Between two columns of a list.
GAP = 2


def lines(summary: Summary) -> Iterator[str]:
    """The parts that the run has, an empty line before each."""
    for part in (_capacities(summary), _verdicts(summary), _findings(summary)):
        found = list(part)
        yield from ["", *found] if found else []


def _capacities(summary: Summary) -> Iterator[str]:
    """One line each: the highest rate that meets the objective, its bounds, what was predicted."""
    for objective in dict.fromkeys(c.objective for c in summary.capacities):
        yield printable(f"Capacity at the objective: {objective or 'not recorded'}")
        mine = [c for c in summary.capacities if c.objective == objective]
        widest = max(len(c.workload) for c in mine) + GAP
        for found in mine:
            yield from _capacity(found, capacities.of_workload(summary, found.workload), widest)


def _capacity(found: Capacity, predictions: Mapping[str, Prediction], widest: int) -> list[str]:
    said = f"{capacity.stated(found):>8} requests/s ({bounds(found.low_rps, found.high_rps)})"
    prediction = predictions.get(found.profile)
    if prediction is not None:
        said += f", predicted {stated(prediction)}"
    line = f"  {found.workload:<{widest}}{found.profile:<{NAME}}{said}"
    return textwrap.wrap(printable(line), WIDTH, subsequent_indent=" " * 4)


def _verdicts(summary: Summary) -> Iterator[str]:
    found = verdicts.verdicts(summary)
    if found.decided or found.absent:
        yield "Verdicts"
    for claim in found.decided:
        crossover = f" Where it turns: {claim.crossover}." if claim.crossover else ""
        yield from _item(f"{claim.id}: {claim.verdict}: {claim.text}{crossover}")
    if found.absent:
        yield from _item(verdicts.unsaid(found.absent))


def _findings(summary: Summary) -> Iterator[str]:
    if summary.findings or not summary.decisions.claims:
        yield "Findings" if summary.findings else f"Findings: {MISSING}"
    for finding in summary.findings:
        yield from _item(f"{finding.verdict}: {finding.text}")


def _item(said: str) -> list[str]:
    return textwrap.wrap(printable(said), WIDTH, initial_indent="  · ", subsequent_indent="    ")
