"""The report: one HTML file that holds everything it needs, from one summary."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from dashboards.report import columns, compared, holding
from dashboards.report.cells import Row, cells
from dashboards.report.charts.chart import Chart
from dashboards.report.facts import evidence, factors, flat, observed_on, observer, swatch
from dashboards.report.format import count, duration, figure, plural, printable
from dashboards.report.generator import GENERATOR
from dashboards.report.inside import TIMES, host
from dashboards.report.ratios import PAIRS
from dashboards.report.sections import sections
from loadtests.analysis.summary import Summary, Trial

HERE = resources.files("dashboards.report")


def render(summary: Summary) -> str:
    """The whole page as HTML text, without any reference to another file or host."""
    env = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        finalize=_plain,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "count": count,
        "duration": duration,
        "figure": figure,
        "evidence": evidence,
        "island": island,
    }
    env.globals |= {"swatch": swatch, "plural": plural}
    return env.get_template("template.html").render(_context(summary))


def _context(summary: Summary) -> dict[str, Any]:
    return {
        "run": summary,
        "profiles": [(p, factors(p), flat(p.facts)) for p in summary.profiles],
        "loads": compared.loads(summary),
        "processors": compared.processors(summary),
        "servers": compared.servers(summary),
        "unverified": list(compared.unverified(summary)),
        "environment": flat({k: v for k, v in summary.environment.items() if k != "observer"}),
        "observer": observer(summary.environment),
        "observed_on": observed_on(summary.environment),
        "warned": [t for t in summary.trials if t.warnings],
        "sections": sections(summary),
        "pairs": PAIRS,
        "valid": _fewest_and_most(len(r.valid) for r in _rows(summary)),
        "repetitions": _fewest_and_most(len(r.valid) + len(r.invalid) for r in _rows(summary)),
        "invalid": [t for t in summary.trials if not t.valid],
        "errors": [(t, t.errors) for t in summary.trials if t.errors],
        "figures": columns.measured(summary.trials),
        "fates": columns.FATES,
        "generator": columns.measured(summary.trials, GENERATOR),
        "times": columns.measured(summary.trials, TIMES),
        "host": columns.measured(summary.trials, host(summary.trials)),
        "held_headings": list(holding.HEADINGS),
        "held_units": list(holding.UNITS),
        "digests": _digests(summary),
        "css": Markup(_read("static/report.css")),
        "library": Markup(_read("static/vendor/echarts.min.js")),
        "script": Markup(_read("static/report.js")),
    }


def _plain(value: Any) -> Any:
    """Names come from files: their control characters have no business in a page."""
    return printable(value) if type(value) is str else value


def _read(name: str) -> str:
    return HERE.joinpath(name).read_text(encoding="utf-8")


def _rows(summary: Summary) -> list[Row]:
    return [row for cell in cells(summary) for row in cell.rows]


def _fewest_and_most(counts: Iterable[int]) -> tuple[int, int]:
    found = list(counts)
    return (min(found), max(found)) if found else (0, 0)


def _digests(summary: Summary) -> list[tuple[Trial, ...]]:
    """The trials that should have had the same schedule and had not, group by group."""
    groups: dict[tuple[str, str, int], list[Trial]] = {}
    for trial in summary.trials:
        groups.setdefault((trial.workload, trial.load, trial.repetition), []).append(trial)
    return [tuple(g) for g in groups.values() if len({t.schedule_digest for t in g}) > 1]


def island(chart: Chart) -> Markup:
    """What report.js needs of a chart, as JSON that cannot end the script element it is in."""
    data = {"option": chart.option, "x": chart.x, "y": chart.y, "title": chart.title}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))
