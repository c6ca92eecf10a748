"""What tells how far the run may be trusted: laws of operation, and equal things compared."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.report.format import NBSP, bounds, figure, plural, relative
from loadtests.analysis.decisions import LawCheck, NoiseFloor
from loadtests.analysis.summary import Summary, Trial

LAWS = {"little": "Little’s law", "utilisation": "utilisation law"}
LAW_HEADINGS = ("trial", "law", "expected", "measured", "discrepancy", "bound", "holds")
NOISE_HEADINGS = ("profile", "workload", "load", "figure", "second / first", "95 % interval",
                  "greatest factor", "pairs")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence, and the rows of the table behind it."""

    said: str
    rows: tuple[tuple[str, ...], ...]


def laws(summary: Summary) -> Checked | None:
    """Every law that was held against a trial; None where none was."""
    found = [(trial, law) for trial in summary.trials for law in trial.laws]
    if not found:
        return None
    clauses = []
    for code in dict.fromkeys(law.law for _, law in found):
        mine = [law for _, law in found if law.law == code]
        holding = sum(law.holds for law in mine)
        every = "all " if holding == len(mine) > 1 else f"{holding} of "
        clauses.append(f"{LAWS.get(code, code)} holds in {every}{plural(len(mine), 'trial')}")
    said = "; ".join(clauses)
    return Checked(said[:1].upper() + said[1:], tuple(_law(trial, law) for trial, law in found))


def noise(summary: Summary) -> Checked | None:
    """How far equal things differed; None where no profile ran against itself."""
    found = summary.decisions.noise
    if not found:
        return None
    most = max(found, key=lambda one: one.spread)
    said = (
        f"Compared with itself, a profile differed by at most a factor of {figure(most.spread)} "
        f"in one pair ({most.profile}, {most.workload}, {most.metric}). A difference between "
        "profiles that is not larger than that of equal ones shows nothing."
    )
    return Checked(said, tuple(_noise(one) for one in found))


def _law(trial: Trial, law: LawCheck) -> tuple[str, ...]:
    return (
        f"{trial.number}, {trial.profile}, {trial.workload}, {trial.load}",
        LAWS.get(law.law, law.law),
        figure(law.expected),
        figure(law.measured),
        relative(law.discrepancy),
        f"±{round(100 * law.tolerance)}{NBSP}%",
        "holds" if law.holds else "does not hold",
    )


def _noise(one: NoiseFloor) -> tuple[str, ...]:
    ratio = one.ratio
    return (
        one.profile,
        one.workload,
        one.load,
        one.metric,
        figure(ratio.value),
        bounds(ratio.low, ratio.high),
        figure(one.spread),
        str(ratio.n),
    )
