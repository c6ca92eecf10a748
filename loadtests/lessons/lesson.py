"""A lesson's file: what it asks, which figures of a run decide that, and what its text rests on."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from loadtests.analysis import metrics as compared
from loadtests.analysis.metrics import Metric
from loadtests.experiment_errors import sentences
from loadtests.tables import Name, Table

HERE = Path(__file__).parent
METRICS = compared.METRICS | {
    "queue_ms": Metric(
        "mean time in the queue, ms", lambda t: t.split.all.queue_ms if t.split else None
    )
}
"""What a figure may be of a trial."""


class LessonError(Exception):
    """A lesson that is not there or cannot be read: which, and what there is."""


class Figure(Table):
    """A figure of a run: a metric of one profile under one load, of several trials the median.

    Or the ratio of two other figures, or the least of some.
    """

    profile: str = ""
    workload: str = ""
    load: str = ""
    metric: str = ""
    ratio: tuple[str, str] | None = None
    least: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        measured = (self.profile, self.workload, self.load, self.metric)
        given = any(measured) + bool(self.ratio) + bool(self.least)
        if given != 1 or not (self.of or all(measured)):
            raise ValueError("give profile, workload, load and metric, or a ratio, or a least")
        if self.metric and self.metric not in METRICS:
            raise ValueError(f"metric is {self.metric!r}, allowed: {', '.join(METRICS)}")
        return self

    @property
    def of(self) -> tuple[str, ...]:
        """The figures that it is made of; none where it is measured."""
        return self.ratio or self.least


class Option(Table):
    """An answer, which is right where the figure lies `below` a bound and not below an earlier one.

    The last option has no bound.
    """

    text: str
    below: float | None = None


class Question(Table):
    """What the class is asked before anything runs, and the figure that answers it."""

    text: str
    figure: Name
    options: tuple[Option, ...] = Field(min_length=2, max_length=5)

    @model_validator(mode="after")
    def _bounds_rise(self) -> Self:
        bounds = [option.below for option in self.options[:-1]]
        known = [bound for bound in bounds if bound is not None]
        if len(known) < len(bounds) or known != sorted(known) or self.options[-1].below is not None:
            raise ValueError("every option but the last needs a `below`, in ascending order")
        return self


class Holds(Table):
    """A sentence of the explanation, which is true where a figure lies within bounds."""

    text: str
    figure: Name
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.above is None and self.below is None:
            raise ValueError("give above, below, or both: otherwise it cannot be false")
        return self


class Lesson(Table):
    """What is in a lesson's file; its number is that of its folder."""

    title: str
    question: Question
    figures: dict[str, Figure]
    holds: tuple[Holds, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _figures_known(self) -> Self:
        named = {self.question.figure, *(one.figure for one in self.holds)}
        named.update(part for figure in self.figures.values() for part in figure.of)
        if unknown := named - set(self.figures):
            raise ValueError(f"figures are named that are not there: {', '.join(sorted(unknown))}")
        return self


def folders(root: Path = HERE) -> dict[int, Path]:
    """The folders of all lessons by number."""
    found = sorted(root.glob("[0-9][0-9]_*/lesson.toml"))
    return {int(path.parent.name[:2]): path.parent for path in found}


def folder(number: int) -> Path:
    """The folder of a lesson. Raises LessonError where there is none."""
    there = folders()
    if number not in there:
        raise LessonError(f"there is no lesson {number}: give one of {', '.join(map(str, there))}")
    return there[number]


def read(path: Path) -> Lesson:
    """The lesson in a folder. Raises LessonError with each fault."""
    file = path / "lesson.toml"
    try:
        return Lesson.model_validate(tomllib.loads(file.read_text("utf-8")), strict=False)
    except ValidationError as error:
        faults = sentences(error.errors(), Lesson)
        raise LessonError("\n".join(f"{file}: {fault}" for fault in faults)) from None
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise LessonError(f"{file}: {error}") from None
