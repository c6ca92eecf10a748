"""A trial in words: which of the run it is, and which attempt at it."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.analysis.summary import Trial

Key = tuple[str, str, str, int, int]


def named(trials: Sequence[Trial]) -> int:
    """How many trials that the experiment names were saved, attempts at the same counted once."""
    return len({_key(trial) for trial in trials if trial.role != "probe"})


def beside(trials: Sequence[Trial]) -> tuple[int, int]:
    """How many probes of searches there were beside those, and how many trials tried again."""
    probes = sum(trial.role == "probe" for trial in trials)
    return probes, sum(trial.attempt > 1 for trial in trials)


def words(trial: Trial) -> str:
    """Profile, workload, load and repetition, and what else tells it from others."""
    if trial.role == "probe":
        parts = [trial.profile, trial.workload, f"probe of a search at {trial.load}"]
    else:
        parts = [trial.profile, trial.workload, trial.load, f"repetition {trial.repetition}"]
    parts += ["second of two that are equal"] if trial.arm > 1 else []
    parts += [f"attempt {trial.attempt}"] if trial.attempt > 1 else []
    return ", ".join(parts)


def again(trial: Trial, trials: Sequence[Trial]) -> str:
    """What became of an INVALID trial: the attempt after it; empty where there is none."""
    later = [
        other
        for other in trials
        if (_key(other), other.role) == (_key(trial), trial.role) and other.attempt > trial.attempt
    ]
    if not later:
        return ""
    best = min(later, key=lambda other: (not other.valid, -other.attempt))
    outcome = "is valid" if best.valid else "is INVALID too"
    return f"Tried again: attempt {best.attempt}, trial {best.number}, {outcome}."


def _key(trial: Trial) -> Key:
    return trial.profile, trial.workload, trial.load, trial.repetition, trial.arm
