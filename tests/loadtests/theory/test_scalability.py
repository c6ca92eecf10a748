"""The Universal Scalability Law against published fits of published measurements."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loadtests.theory import scalability

# Scripts an hour of a Sun SPARCcenter 2000 under SPEC SDM91, by simulated users: Gunther 2007.
SDM91 = {1: 64.9, 18: 995.9, 36: 1652.4, 72: 1853.2, 108: 1828.9, 144: 1775.0, 216: 1702.2}
# Operations a second of a ray tracer on an SGI Origin 2000, by processors: Gunther 2007.
PROCESSORS = (1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64)
OPERATIONS = (20.0, 78.0, 130.0, 170.0, 190.0, 200.0, 210.0, 230.0, 260.0, 280.0, 310.0)
# Queries a second of MySQL on a Cisco server, by threads 1 to 32: Schwartz 2015.
CISCO = (
    *(955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08),
    *(7219.8, 7867.61, 8278.71, 8646.7, 9047.84, 9426.55, 9645.37, 9897.24),
    *(10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63, 11806.0, 12089.37),
    *(12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39),
)
DOUBLING = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


def fitted(points: dict[int, float]) -> scalability.UslFit:
    fit = scalability.fit([float(n) for n in points], list(points.values()))
    assert fit is not None
    return fit


def test_a_published_fit_with_its_standard_errors() -> None:
    """S. Möding, "Analyze System Scalability in R with the Universal Scalability Law".

    Of SPEC SDM91: alpha 0.0277285 ± 0.0091217, beta 0.0001044 ± 0.0000199, gamma 89.9952330
    ± 14.2134894, of standard errors. Student's t at 4 degrees of freedom is 2.776.
    """
    fit = fitted(SDM91)

    assert fit.n == 7
    for found, value, error in (
        (fit.gamma, 89.9952330, 14.2134894),
        (fit.alpha, 0.0277285, 0.0091217),
        (fit.beta, 0.0001044, 0.0000199),
    ):
        assert found.value == pytest.approx(value, rel=5e-4)
        assert found.high - found.value == pytest.approx(2.776 * error, rel=5e-3)
        assert found.value - found.low == pytest.approx(2.776 * error, rel=5e-3)
    assert fit.peak == pytest.approx(math.sqrt((1 - 0.0277285) / 0.0001044), rel=1e-3)


def test_a_published_fit_of_which_beta_is_zero() -> None:
    """The same, of the ray tracer: alpha 0.0578, beta 0.0000, gamma 21.8488. So it has no peak."""
    fit = fitted(dict(zip(PROCESSORS, OPERATIONS, strict=True)))

    assert fit.gamma.value == pytest.approx(21.8488, abs=0.0001)
    assert fit.alpha.value == pytest.approx(0.0578, abs=0.00005)
    assert (fit.beta.value, fit.beta.low, fit.peak) == (0.0, 0.0, None)
    assert fit.beta.high == pytest.approx(2.7e-4, rel=0.05)


def test_a_published_fit_of_a_database() -> None:
    """B. Schwartz, "Practical Scalability Analysis with the Universal Scalability Law", 2015.

    gamma 995.6486, alpha 0.02671591, beta 7.690945e-4; most throughput, 12,341, at 35 threads.
    """
    fit = fitted(dict(enumerate(CISCO, start=1)))

    assert fit.gamma.value == pytest.approx(995.6486, rel=2e-4)
    assert fit.alpha.value == pytest.approx(0.02671591, rel=2e-4)
    assert fit.beta.value == pytest.approx(7.690945e-4, rel=2e-4)
    assert fit.peak is not None
    assert int(fit.peak) == 35
    most = scalability.throughput(35, 995.6486, 0.02671591, 7.690945e-4)
    assert most == pytest.approx(12_341, abs=1)


def test_the_law_has_amdahl_and_a_straight_line_within_it() -> None:
    """beta = 0 is Amdahl's law with its limit gamma/alpha; alpha = 0 as well is proportion."""
    assert scalability.throughput(1, 50.0, 0.3, 0.01) == 50.0
    assert scalability.throughput(8, 50.0, 0.0, 0.0) == 400.0
    assert scalability.throughput(1e9, 50.0, 0.1, 0.0) == pytest.approx(500.0)
    at_peak = scalability.throughput(30, 50.0, 0.1, 0.001)
    assert at_peak > max(scalability.throughput(n, 50.0, 0.1, 0.001) for n in (29, 31))


@pytest.mark.parametrize(
    ("gamma", "alpha", "beta"),
    [(3.0, 0.02, 1e-4), (8000.0, 0.2, 0.0), (100.0, 0.0, 0.002), (40.0, 0.0, 0.0), (7.0, 1.5, 0.0)],
)
def test_what_follows_the_law_exactly_comes_back(gamma: float, alpha: float, beta: float) -> None:
    measured = [scalability.throughput(n, gamma, alpha, beta) for n in DOUBLING]
    fit = scalability.fit(DOUBLING, measured)

    assert fit is not None
    assert fit.gamma.value == pytest.approx(gamma, rel=1e-6)
    assert fit.alpha.value == pytest.approx(alpha, abs=1e-6)
    assert fit.beta.value == pytest.approx(beta, abs=1e-8)


def test_the_unit_of_throughput_does_not_matter() -> None:
    fit, larger = fitted(SDM91), fitted({n: 1e6 * x for n, x in SDM91.items()})

    assert larger.gamma.high == pytest.approx(1e6 * fit.gamma.high, rel=1e-6)
    assert larger.beta.low == pytest.approx(fit.beta.low, rel=1e-4)


@pytest.mark.parametrize(("alpha", "beta"), [(0.03, 0.0005), (0.03, 0.0)])
def test_the_intervals_cover_the_truth_95_times_of_100(alpha: float, beta: float) -> None:
    """1,000 seeded sets of 8 points with a noise of 1 %: 93 to 97.5 % of the intervals hold it."""
    rng = np.random.default_rng(5)
    exact = np.array([scalability.throughput(n, 100.0, alpha, beta) for n in DOUBLING])
    covered, peaks = np.zeros(3), 0
    for noise in 0.01 * np.max(exact) * rng.standard_normal((1000, len(exact))):
        fit = scalability.fit(DOUBLING, np.asarray(exact + noise).tolist())
        assert fit is not None
        pairs = ((fit.gamma, 100.0), (fit.alpha, alpha), (fit.beta, beta))
        covered += [one.low <= truth <= one.high for one, truth in pairs]
        peaks += fit.peak is not None

    assert np.all(covered >= 930)
    assert np.all(covered[:2] <= 975)
    # A peak is told where there is one, and hardly ever where there is none.
    assert peaks >= 990 if beta else peaks <= 50


def test_too_few_points_are_not_fitted() -> None:
    six = [scalability.throughput(n, 10.0, 0.1, 0.001) for n in DOUBLING[:6]]

    assert scalability.fit(DOUBLING[:5], six[:5]) is None
    assert scalability.fit(DOUBLING[:6], six) is not None
    assert scalability.fit([1.0, 2.0, 4.0] * 3, [10.0, 18.0, 30.0] * 3) is None


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="do not pair"):
        scalability.fit(DOUBLING, [1.0, 2.0])
    with pytest.raises(ValueError, match="throughput is 0"):
        scalability.fit(DOUBLING, [0.0] * 8)
    with pytest.raises(ValueError, match="positive, finite"):
        scalability.fit([0.0, *DOUBLING[1:]], [1.0] * 8)
