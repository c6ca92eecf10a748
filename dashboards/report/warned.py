"""Warnings, one kind after the other: many trials of a run have the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.analysis.summary import Reason, Trial


@dataclass(frozen=True, slots=True)
class Warned:
    """One code: what to do about it, and what was said of which trials."""

    code: str
    hints: tuple[str, ...]
    said: tuple[tuple[str, tuple[Trial, ...]], ...]


def by_code(trials: Sequence[Trial]) -> list[Warned]:
    """The warnings of some trials by their code, in the order in which they are first met."""
    found: dict[str, list[tuple[Reason, Trial]]] = {}
    for trial in trials:
        for warning in trial.warnings:
            found.setdefault(warning.code, []).append((warning, trial))
    return [_group(code, pairs) for code, pairs in found.items()]


def _group(code: str, pairs: Sequence[tuple[Reason, Trial]]) -> Warned:
    said: dict[str, list[Trial]] = {}
    for warning, trial in pairs:
        said.setdefault(warning.text, []).append(trial)
    hints = dict.fromkeys(warning.hint for warning, _ in pairs if warning.hint)
    return Warned(code, tuple(hints), tuple((text, tuple(of)) for text, of in said.items()))
