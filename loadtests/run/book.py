"""What a run knows of itself: the trials that have ended, what they predict, what comes next."""

from __future__ import annotations

from loadtests import agenda, specs
from loadtests.agenda import Contender, Ended
from loadtests.analysis.objective import ended_of
from loadtests.analysis.saved import load
from loadtests.analysis.trial import summarize
from loadtests.experiment import Experiment
from loadtests.matrix import TrialSpec
from loadtests.results import RunFolder, TrialFolder


class Book:
    """The trials of a run that are saved. Raises what reading and analyzing them raises."""

    def __init__(self, experiment: Experiment, folder: RunFolder) -> None:
        self._experiment, self._folder = experiment, folder
        self._guesses: dict[Contender, float] = {}
        self._ended = [self._judged(spec, at) for spec, at in specs.saved(folder, experiment)]

    def next_trial(self) -> TrialSpec | None:
        """The trial to run now, or None at the end."""
        return agenda.next_trial(self._experiment, self._ended, self._guesses)

    def left(self) -> int:
        """About how many trials are still to come, this one among them."""
        return agenda.left(self._experiment, self._ended, self._guesses)

    def note(self, spec: TrialSpec) -> None:
        """A trial has been saved."""
        self._ended.append(self._judged(spec, self._folder.trial(spec.number, spec.profile)))

    def _judged(self, spec: TrialSpec, there: TrialFolder) -> Ended:
        trial = load(spec, there)
        return ended_of(trial, summarize(trial), self._experiment.capacity)
