"""Throughput against concurrency with the Universal Scalability Law fitted to it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboards.report.charts.axes import Axis, axis, number
from dashboards.report.charts.chart import Table
from dashboards.report.charts.plane import Panel, Plot
from dashboards.report.charts.plot import FITTED, MEASURED, Series, panel
from dashboards.report.charts.ranges import WIDE
from dashboards.report.format import MISSING, NBSP, figure, listed, rate
from loadtests.analysis.decisions import Estimate, Usl

HEADINGS = ("profile", "gamma", "95 %", "alpha", "95 %", "beta", "95 %", "peak")
# Points of a fitted curve.
STEPS = 48
# Below this a coefficient is written with a power of ten.
LEAST = 0.01
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def chart(found: Sequence[Usl], key: str) -> Plot:
    """The chart of one workload's fits: a panel per profile over shared axes."""
    users = [n for fit in found for n, _ in fit.points]
    rates = [x for fit in found for _, x in fit.points]
    x = axis("requests in hand at once", users, number, log=max(users) > WIDE * min(users))
    curves = [_curve(fit, log=x.log) for fit in found]
    y = axis("answers per second", [*rates, *(v for c in curves for _, v in c)], number)
    return Plot(
        id=key,
        title=title(found),
        caption="Each symbol is a measured concurrency, the line the law fitted to all of them: "
        "alpha is the share of the work that must be done one after another, beta what each "
        "request costs every other. The vertical line is the concurrency with most throughput.",
        panels=tuple(_panel(fit, curve, x, y) for fit, curve in zip(found, curves, strict=True)),
        legend=((MEASURED, "measured"), (FITTED, "fitted")),
        table=Table(HEADINGS, tuple(_row(fit) for fit in found)),
    )


def throughput(fit: Usl, users: float) -> float:
    """X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)), in requests/s.

    N. J. Gunther, Guerrilla Capacity Planning, 2007, chapter 4; with gamma as in B. Schwartz and
    E. Fortune, Forecasting MySQL Scalability with the Universal Scalability Law, 2010.
    """
    alpha, beta = fit.alpha.value, fit.beta.value
    return fit.gamma.value * users / (1 + alpha * (users - 1) + beta * users * (users - 1))


def title(found: Sequence[Usl]) -> str:
    """Where throughput peaks, and for whom no peak can be told."""
    peaks = [f"{_whole(fit.peak)} with {fit.profile}" for fit in found if fit.peak]
    without = [fit.profile for fit in found if not fit.peak]
    what = f"Throughput of “{found[0].workload}”"
    if not peaks:
        best = max(found, key=lambda fit: max(x for _, x in fit.points))
        most = rate(max(x for _, x in best.points))
        return f"{what} has no peak that can be told: at most {most}, with {best.profile}"
    said = f"{what} is highest with so many requests at once: {listed(peaks)}"
    return f"{said}; no peak can be told for {listed(without)}" if without else said


def _curve(fit: Usl, *, log: bool) -> list[tuple[float, float]]:
    """The law between the least and the most that were measured, never beyond."""
    low, high = min(n for n, _ in fit.points), max(n for n, _ in fit.points)
    shares = [step / STEPS for step in range(STEPS + 1)]
    at = [low * (high / low) ** s if log else low + (high - low) * s for s in shares]
    return [(n, max(throughput(fit, n), 0.0)) for n in at]


def _panel(fit: Usl, curve: Sequence[tuple[float, float]], x: Axis, y: Axis) -> Panel:
    peak = f"highest at {_whole(fit.peak)} requests" if fit.peak else "no peak can be told"
    series = (
        Series(fit.profile, curve, FITTED, "fitted", marked=False),
        Series(fit.profile, fit.points, MEASURED, line=False),
    )
    rules = [fit.peak] if fit.peak else []
    return panel(series, x, y, profile=fit.profile, heading=peak, rules=rules)


def _row(fit: Usl) -> tuple[str, ...]:
    parts = [text for one in (fit.gamma, fit.alpha, fit.beta) for text in _estimate(one)]
    return fit.profile, *parts, _whole(fit.peak) if fit.peak else MISSING


def _estimate(one: Estimate) -> tuple[str, str]:
    if one.low is None or one.high is None:
        return _small(one.value), MISSING
    return _small(one.value), f"{_small(one.low)} to {_small(one.high)}"


def _small(value: float) -> str:
    """Coefficients are often far below the thousandth: two digits, and the power."""
    if value == 0 or abs(value) >= LEAST:
        return figure(value)
    power = math.floor(math.log10(abs(value)))
    return f"{value / 10**power:.1f}{NBSP}×{NBSP}10{str(power).translate(RAISED)}"


def _whole(peak: float) -> str:
    return number(round(peak))
