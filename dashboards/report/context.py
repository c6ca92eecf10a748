"""Everything that the page's templates are given, from one summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dashboards.report import columns, compared, holding, trials, warned
from dashboards.report.anchors import aliases
from dashboards.report.cells import Row, cells
from dashboards.report.decided import decided
from dashboards.report.deferred import DEFERRED
from dashboards.report.downstream import COLUMNS, downstream
from dashboards.report.facts import factors, flat, observed_on, observer
from dashboards.report.generator import GENERATOR
from dashboards.report.inside import TIMES, host
from dashboards.report.ratios import PAIRS
from dashboards.report.sections import sections
from loadtests.analysis.summary import Summary, Trial


def context(summary: Summary) -> dict[str, Any]:
    """What the templates are given, by name; the order of the page is theirs."""
    shown = sections(summary)
    known = {"run": summary, "sections": shown, "aliases": aliases(shown)}
    return known | _compared(summary) | _measured(summary) | decided(summary)


def _compared(summary: Summary) -> dict[str, Any]:
    rows = [row for cell in cells(summary) for row in cell.rows]
    probes, tried_again = trials.beside(summary.trials)
    return {
        "profiles": [(p, factors(p), flat(p.facts)) for p in summary.profiles],
        "loads": compared.loads(summary),
        "processors": compared.processors(summary),
        "servers": compared.servers(summary),
        "unverified": list(compared.unverified(summary)),
        "environment": flat({k: v for k, v in summary.environment.items() if k != "observer"}),
        "observer": observer(summary.environment),
        "observed_on": observed_on(summary.environment),
        "digests": _digests(summary),
        "saved": trials.named(summary.trials),
        "probes": probes,
        "tried_again": tried_again,
        "valid": _fewest_and_most(len(row.valid) for row in rows),
        "repetitions": _fewest_and_most(map(_repetitions, rows)),
    }


def _measured(summary: Summary) -> dict[str, Any]:
    named = [trial for trial in summary.trials if trial.role != "probe"]
    probes = [trial for trial in summary.trials if trial.role == "probe"]
    return {
        "pairs": PAIRS,
        "left_out": summary.left_out,
        "invalid": [trial for trial in summary.trials if not trial.valid],
        "warned": warned.by_code(named),
        "warned_probes": warned.by_code(probes),
        "probes_warned": sum(1 for trial in probes if trial.warnings),
        "errors": [(trial, trial.errors) for trial in summary.trials if trial.errors],
        "figures": columns.measured(summary.trials),
        "fates": columns.FATES,
        "deferred": columns.measured(summary.trials, DEFERRED),
        "generator": columns.measured(summary.trials, GENERATOR),
        "times": columns.measured(summary.trials, TIMES),
        "host": columns.measured(summary.trials, host(summary.trials)),
        "called": downstream(summary.trials),
        "called_columns": COLUMNS,
        "held_headings": list(holding.HEADINGS),
        "held_units": list(holding.UNITS),
    }


def _fewest_and_most(counts: Iterable[int]) -> tuple[int, int]:
    found = list(counts)
    return (min(found), max(found)) if found else (0, 0)


def _repetitions(row: Row) -> int:
    return len({trial.repetition for trial in (*row.valid, *row.invalid)})


def _digests(summary: Summary) -> list[Sequence[Trial]]:
    """The trials that should have had the same schedule and had not, group by group."""
    groups: dict[tuple[str, str, int], list[Trial]] = {}
    for trial in summary.trials:
        if trial.role != "probe":
            groups.setdefault((trial.workload, trial.load, trial.repetition), []).append(trial)
    return [group for group in groups.values() if len({t.schedule_digest for t in group}) > 1]
