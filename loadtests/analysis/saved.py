"""One saved trial as values: the only reading that the analysis does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from loadtests import samples as sample_files
from loadtests.matrix import TrialSpec
from loadtests.plan import GeneratorPlan, Record
from loadtests.records import GeneratorReport, ServerRecord
from loadtests.results import TrialFolder
from loadtests.samples import Samples

R = TypeVar("R", bound=Record)


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
    )


def _record(kind: type[R], path: Path) -> R:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise AnalysisError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise AnalysisError(f"{path}: {first['loc']}: {first['msg']}") from None
