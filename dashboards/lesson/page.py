"""A lesson as one HTML file: the question, the prediction, and the text with a run’s figures."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from dashboards.report.format import MISSING, NBSP, duration, figure, rate

HERE = Path(__file__).parent
STYLES = (
    HERE.parent / "theme.css",
    HERE.parent / "report" / "static" / "report.css",
    HERE / "lesson.css",
)
LESSONS = HERE.parent.parent / "loadtests" / "lessons"
FILE = "lesson.json"


class LessonPageError(Exception):
    """A run that is no lesson’s: names it, and the remedy."""


def render(told: dict[str, Any]) -> str:
    """The page of a lesson that was taken: `told` is what its run’s lesson.json says."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE, LESSONS]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    env.filters["cell"] = lambda value: MISSING if value is None else shown(value)
    tables = env.get_template("figures.html").render(told)
    text = env.get_template(f"{told['page']}/page.html").render(
        f={name: shown(value) for name, value in told["values"].items()}, figures=Markup(tables)
    )
    return env.get_template("template.html").render(
        told,
        number=int(told["page"][:2]),
        lettered=list(zip(string.ascii_lowercase, told["options"], strict=False)),
        text=Markup(text),
        css=Markup("".join(path.read_text("utf-8") for path in STYLES)),
    )


def read(run: Path) -> dict[str, Any]:
    """What a run’s lesson.json says. Raises LessonPageError where there is none."""
    try:
        told: dict[str, Any] = json.loads((run / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        raise LessonPageError(
            f"{run}: no lesson was taken with this run; take one with make lesson N=1"
        ) from None
    return told


def shown(value: dict[str, Any] | None) -> str:
    """A figure as a sentence has it: 104 ms, at least 2.5 s, 80 requests/s, 12 times."""
    if value is None:
        return "(not measured)"
    amount = float(value["value"])
    if value["unit"] == "ms":
        text = duration(amount)
    elif value["unit"] == "requests/s":
        text = rate(amount)
    else:
        # Of a ratio that one run gives, more than two digits would be chance.
        text = f"{figure(float(f'{amount:.2g}'), digits=2)}{NBSP}{value['unit']}"
    return f"at least {text}" if value["at_least"] else text
