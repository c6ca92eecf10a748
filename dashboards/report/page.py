"""The report: one HTML file that holds everything it needs, from one summary."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from dashboards.palette import look
from dashboards.report import anchors, trials, verdicts
from dashboards.report.charts.chart import Chart
from dashboards.report.context import context
from dashboards.report.facts import evidence, swatch
from dashboards.report.format import bounds, count, duration, figure, plural, printable, slug
from loadtests.analysis.summary import Summary

HERE = resources.files("dashboards.report")
THEME = resources.files("dashboards").joinpath("theme.css").read_text(encoding="utf-8")


def render(summary: Summary) -> str:
    """The whole page as HTML text, without any reference to another file or host."""
    given = context(summary)
    page = _environment(given["aliases"]).get_template("template.html")
    return page.render(
        given,
        css=Markup(THEME + _read("static/report.css") + _read("static/decisions.css")),
        library=Markup(_read("static/vendor/echarts.min.js")),
        script=Markup(_read("static/report.js")),
    )


def _environment(aliases: dict[str, str]) -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        finalize=_plain,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "by_figure": verdicts.by_figure,
        "count": count,
        "duration": duration,
        "estimated": verdicts.estimated,
        "evidence": evidence,
        "figure": figure,
        "ids": anchors.ids,
        "island": island,
        "rounded": verdicts.rounded,
        "slug": slug,
        "tied": verdicts.tied,
        "unsaid": verdicts.unsaid,
        "is_long": verdicts.is_long,
        "verdict_style": verdicts.style,
        "words": trials.words,
    }
    env.globals |= {
        "again": trials.again,
        "bounds": bounds,
        "colour": lambda profile: look(profile).colour,
        "plural": plural,
        "swatch": swatch,
        "target": lambda wanted, here: anchors.target(wanted, here, aliases),
    }
    return env


def _plain(value: Any) -> Any:
    """Names come from files: their control characters have no business in a page."""
    return printable(value) if type(value) is str else value


def _read(name: str) -> str:
    return HERE.joinpath(name).read_text(encoding="utf-8")


def island(chart: Chart) -> Markup:
    """What report.js needs of a chart, as JSON that cannot end the script element it is in."""
    data = {"option": chart.option, "x": chart.x, "y": chart.y, "title": chart.title}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))
