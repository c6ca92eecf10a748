"""What a run knows of itself: the trials that have ended, what they predict, what comes next."""

from __future__ import annotations

from loadtests import agenda, specs
from loadtests.agenda import Ended
from loadtests.analysis import forecast
from loadtests.analysis.objective import ended_of
from loadtests.analysis.saved import load
from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from loadtests.experiment import Experiment
from loadtests.matrix import TrialSpec
from loadtests.results import RunFolder, TrialFolder


class Book:
    """The trials of a run that are saved. Raises what reading and analyzing them raises."""

    def __init__(self, experiment: Experiment, folder: RunFolder) -> None:
        self._experiment, self._folder = experiment, folder
        self._ended: list[Ended] = []
        self._low_and_moderate: list[Trial] = []
        for spec, there in specs.saved(folder, experiment):
            self._judge(spec, there)
        self._guesses = forecast.guesses(forecast.saved(folder))

    def next_trial(self) -> TrialSpec | None:
        """The trial to run now, or None at the end.

        What is predicted is written down before the first trial that it is held against.
        """
        spec = agenda.next_trial(self._experiment, self._ended, self._guesses)
        asked, made = self._experiment.predict, self._folder.predictions.exists()
        if spec is None or spec.role == "calibrate" or asked is None or made:
            return spec
        forecast.make(self._experiment, self._low_and_moderate, self._folder)
        self._guesses = forecast.guesses(forecast.saved(self._folder))
        return agenda.next_trial(self._experiment, self._ended, self._guesses)

    def left(self) -> int:
        """About how many trials are still to come, the next one among them."""
        return agenda.left(self._experiment, self._ended, self._guesses)

    def note(self, spec: TrialSpec) -> None:
        """A trial has been saved."""
        self._judge(spec, self._folder.trial(spec.number, spec.profile))

    def _judge(self, spec: TrialSpec, there: TrialFolder) -> None:
        trial = load(spec, there)
        summary = summarize(trial)
        self._ended.append(ended_of(trial, summary, self._experiment.capacity))
        if spec.role == "calibrate":
            self._low_and_moderate.append(summary)
