"""One saved trial as values: the only reading that the analysis does.

What the instruments leave may be missing, as in a run without them; scrapes that are there must be
whole, and of the captured requests the lines that are no course count as not written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from loadtests import samples as sample_files
from loadtests.analysis import abandoned, called, counters, server_side
from loadtests.analysis import scrapes as scrape_files
from loadtests.analysis.checks import outside
from loadtests.analysis.scrapes import Scrape
from loadtests.job_records import JobsRecord
from loadtests.matrix import TrialSpec
from loadtests.plan import GeneratorPlan, Record
from loadtests.records import CourseRecord, GeneratorReport, ServerRecord
from loadtests.results import TrialFolder
from loadtests.samples import Samples

R = TypeVar("R", bound=Record)
NAMES = tuple(
    name for part in (server_side, counters, outside, called, abandoned) for name in part.NAMES
)
"""What the analysis asks of a scrape."""


class AnalysisError(Exception):
    """A run that cannot be analyzed: which file, and why."""


@dataclass(frozen=True, slots=True)
class SavedTrial:
    """A trial's specification and everything it left."""

    spec: TrialSpec
    plan: GeneratorPlan
    generators: tuple[GeneratorReport, ...]
    server: ServerRecord
    samples: Samples
    scrapes: tuple[Scrape, ...] = ()
    records: tuple[CourseRecord, ...] = ()
    jobs: JobsRecord | None = None


def load(spec: TrialSpec, folder: TrialFolder) -> SavedTrial:
    """Read a trial's files. Raises AnalysisError, or SamplesError, naming the one that is bad."""
    plan = _record(GeneratorPlan, folder.plan)
    for kind, found in (("samples", folder.samples), ("generator reports", folder.generators)):
        if len(found) != plan.processes:
            message = f"{folder.path}: {len(found)} {kind}, expected {plan.processes}"
            raise AnalysisError(message)
    return SavedTrial(
        spec,
        plan,
        tuple(_record(GeneratorReport, path) for path in folder.generators),
        _record(ServerRecord, folder.server),
        sample_files.read(*folder.samples),
        _scrapes(folder),
        _records(folder),
        _record(JobsRecord, folder.jobs) if folder.jobs.exists() else None,
    )


def _scrapes(folder: TrialFolder) -> tuple[Scrape, ...]:
    try:
        return scrape_files.read(folder.metrics, NAMES)
    except scrape_files.ScrapesError as error:
        raise AnalysisError(str(error)) from None


def _records(folder: TrialFolder) -> tuple[CourseRecord, ...]:
    if not folder.slices.exists():
        return ()
    try:
        lines = folder.slices.read_bytes().splitlines()
    except OSError as error:
        raise AnalysisError(f"{folder.slices}: {error.strerror}") from None
    return tuple(record for record in map(_course, lines) if record is not None)


def _course(line: bytes) -> CourseRecord | None:
    try:
        return CourseRecord.model_validate_json(line)
    except ValidationError:
        return None


def _record(kind: type[R], path: Path) -> R:
    try:
        return _parsed(kind, path.read_bytes(), path)
    except OSError as error:
        raise AnalysisError(f"{path}: {error.strerror}") from None


def _parsed(kind: type[R], text: bytes, path: Path) -> R:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise AnalysisError(f"{path}: {first['loc']}: {first['msg']}") from None
