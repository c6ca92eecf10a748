"""What was done for clients that had left, as a table; none where no client did."""

from __future__ import annotations

from dashboards.report.format import figure
from loadtests.analysis.summary import Summary, Trial

HEADINGS = ("profile", "workload", "load", "requests", "seconds", "s for each", "trials")


def rows(summary: Summary) -> list[tuple[str, ...]]:
    """A row for each cell in which clients left, added up over its valid trials."""
    cells: dict[tuple[str, str, str], list[Trial]] = {}
    # By the first trial of each, valid or not: what was tried again does not go to the end.
    for trial in summary.trials:
        if trial.arm == 1:
            key = trial.profile, trial.workload, trial.load
            cells.setdefault(key, []).extend([trial] if trial.valid else [])
    found: list[tuple[str, ...]] = []
    for key, trials in cells.items():
        seen = [trial.abandoned for trial in trials if trial.abandoned]
        requests, seconds = sum(one.requests for one in seen), sum(one.seconds for one in seen)
        if requests:
            numbers = ", ".join(str(trial.number) for trial in trials if trial.abandoned)
            row = (*key, f"{requests:,}", figure(seconds), figure(seconds / requests), numbers)
            found.append(row)
    return found
