"""deferral: the same work answered now, and accepted now to be delivered later.

Read are pairs of workloads under the same open load: one whose requests are all jobs (`POST /jobs`,
accepted with `202`), and one whose requests wait and compute as long on average and are answered
when that is done. The figure is the median time until the client has its answer, each profile
against itself; the claim, that each side then works at its own time, favours the deferred. The
record is the server's own: a trial whose record does not account for every job that was accepted,
as done, failed or waiting, refutes the claim whatever the times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from loadtests.analysis.claims.advantage import P50
from loadtests.analysis.claims.cells import Cell, cells
from loadtests.analysis.claims.evidence import REFUTED
from loadtests.analysis.claims.kinds import Line, kinds, lines
from loadtests.analysis.claims.observed import Observation
from loadtests.analysis.claims.observing import observe
from loadtests.analysis.claims.telling import Judgement, judged, not_measured
from loadtests.analysis.claims.words import count, listed, ms
from loadtests.analysis.deferred import Deferred
from loadtests.analysis.subjects import WorkloadSummary
from loadtests.analysis.summary import Summary
from loadtests.distributions import mean_of
from servers.contract import AT

MISSING = "workload of jobs, and another that does the same at once, in valid trials of one profile"
JOBS_LOST = "jobs_lost"
"""The gate that a trial trips whose jobs are not accounted for."""
LEAD = "half of the requests have their answer within"


def judge(summary: Summary) -> Judgement:
    """The verdict on deferral."""
    both = list(_pairs(summary))
    observations = [one for now, later in both if (one := _observed(summary, now, later)).pairs]
    lost = [t for t in summary.trials if any(r.code == JOBS_LOST for r in t.reasons)]
    if not observations and not lost:
        return not_measured(MISSING)
    if lost:
        numbers = listed([str(trial.number) for trial in lost])
        return Judgement(REFUTED, f"The record does not account for every job in trial {numbers}.")
    found = judged(observations)
    named = next(later for _, later in both).workload.name
    trials = [t for _, later in both for of_one in later.trials.values() for t in of_one]
    record = _record([trial.deferred for trial in trials if trial.deferred])
    return replace(found, workload=named, detail=" ".join(filter(None, (found.detail, record))))


def _pairs(summary: Summary) -> Iterator[tuple[Cell, Cell]]:
    """Cells with the same work under the same load: answered now, and later."""
    opened = [cell for cell in cells(summary) if cell.load.mode == "open"]
    for later in opened:
        if kinds(later.workload) != {"deferred"}:
            continue
        work = _work(later.workload)
        for now in opened:
            if now.load != later.load or not kinds(now.workload) <= {"waiting", "computing"}:
                continue
            if work is not None and _work(now.workload) == work:
                yield now, later


def _work(workload: WorkloadSummary) -> tuple[float, float] | None:
    """Milliseconds of waiting and units of computing that a request asks for on average.

    None where that is not known of all of them.
    """
    methods = [text.partition(" ")[0] for text in workload.requests]
    total_ms = total_units = total = 0.0
    for method, line in zip(methods, lines(workload), strict=True):
        asked = _asked(method, line)
        if asked is None:
            return None
        total_ms += line.weight * asked[0]
        total_units += line.weight * asked[1]
        total += line.weight
    return (round(total_ms / total, 6), round(total_units / total, 6)) if total else None


def _asked(method: str, line: Line) -> tuple[float, float] | None:
    """What one kind of request asks for, on average and with the contract's defaults.

    None where it has no parameter for its work, or does more than these say.
    """
    endpoint = AT.get((method, line.path))
    if endpoint is None or not line.alone or not {"ms", "units"} & endpoint.defaults.keys():
        return None
    given = {name: str(value) for name, value in endpoint.defaults.items()} | line.parameters
    ms_, units = mean_of(given.get("ms", "0")), mean_of(given.get("units", "0"))
    return None if ms_ is None or units is None else (ms_, units)


def _observed(summary: Summary, now: Cell, later: Cell) -> Observation:
    """Each profile against itself: a cell in which it is there as what defers, and as what does
    not."""
    names = [name for name in later.trials if name in now.trials]
    trials = {f"{name} (later)": later.trials[name] for name in names}
    trials |= {f"{name} (now)": now.trials[name] for name in names}
    workload = replace(later.workload, name=f"{now.workload.name}” and “{later.workload.name}")
    cell = Cell(workload, later.load, trials)
    return observe(
        summary, cell, P50, [(f"{name} (later)", f"{name} (now)") for name in names], LEAD
    )


def _record(found: Sequence[Deferred]) -> str:
    """What the records of all jobs say, in some sentences."""
    whole = [one for one in found if not one.forgotten]
    texts = [_of_whole(whole)] if whole else []
    if short := len(found) - len(whole):
        kept = "there were more jobs than a server keeps records of, so nothing is told of them"
        texts.append(f"In {count(short, 'trial')} {kept}.")
    return " ".join(texts)


def _of_whole(found: Sequence[Deferred]) -> str:
    """What records say in which no job is missing."""

    def total(name: str) -> int:
        return sum(getattr(one, name) for one in found)

    parts = [f"{total('done'):,} were done when the trials ended"]
    for name, words in (("left", "still waited"), ("failed", "had failed")):
        if number := total(name):
            parts.append(f"{number:,} {words}")
    parts.append("none was lost")
    text = f"Of {total('accepted'):,} jobs that were accepted {listed(parts)}."
    delivered = [one.delivery_p50_ms for one in found if one.delivery_p50_ms is not None]
    if delivered:
        least, most = ms(min(delivered)), ms(max(delivered))
        span = least if least == most else f"{least} to {most}, by trial"
        text += f" Half of them were delivered within {span}."
    return text
