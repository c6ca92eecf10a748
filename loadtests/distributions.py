"""A parameter whose value differs from request to request: a distribution in ten characters.

It is cut into strata of equal probability, and each is stood for by its own mean: so the mean of
the whole is kept, and nothing is left to chance (stratified sampling, W. G. Cochran, "Sampling
Techniques", 1977, chapter 5). What is lost is the variance within strata: of 64 of an exponential
distribution 2 %.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from statistics import NormalDist
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_CHOICES = 64
_NORMAL = NormalDist()
_SHAPES = ("exponential", "lognormal", "uniform", "choice")
_TEXT = re.compile(r"(\w+)\(([^)]*)\)")


class Distribution(BaseModel):
    """One of four: the mean of an exponential or a lognormal one, the range or the values.

    `sigma` is the standard deviation of the lognormal's logarithm, `weights` are those of the
    choice's values, by default all alike. A range holds both of its ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    exponential: float | None = Field(default=None, gt=0.0)
    lognormal: float | None = Field(default=None, gt=0.0)
    sigma: float | None = Field(default=None, gt=0.0, le=3.0)
    uniform: tuple[int, int] | None = None
    choice: tuple[int, ...] | None = Field(default=None, min_length=1, max_length=MOST_CHOICES)
    weights: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [shape for shape in _SHAPES if getattr(self, shape) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"a distribution is one of {', '.join(_SHAPES)}, got: {found}")
        if (self.sigma is None) != (self.lognormal is None):
            raise ValueError(
                "lognormal and sigma belong together: { lognormal = 100, sigma = 0.8 }"
            )
        if self.uniform is not None and self.uniform[0] >= self.uniform[1]:
            low, high = self.uniform
            raise ValueError(f"uniform is {low} to {high}, allowed: the smaller number first")
        self._check_choice()
        return self

    def _check_choice(self) -> None:
        if self.choice is not None and len(set(self.choice)) < len(self.choice):
            raise ValueError(f"choice must have different values, got: {_listed(self.choice)}")
        if self.weights is None:
            return
        if self.choice is None or len(self.weights) != len(self.choice):
            count = len(self.choice or ())
            raise ValueError(f"weights are {len(self.weights)}, allowed: {count}, one for a choice")
        if min(self.weights) <= 0.0:
            raise ValueError(f"weights has {min(self.weights):g}, allowed: above 0")

    @property
    def mean(self) -> float:
        """The mean value."""
        if self.uniform is not None:
            return sum(self.uniform) / 2.0
        if self.choice is not None:
            return sum(value * share for value, share in self.chosen())
        return float(self.exponential or self.lognormal or 0.0)

    @property
    def text(self) -> str:
        """As it stands in a request line: `exponential(100)`, `choice(10:3,200:1)`."""
        if self.exponential is not None:
            return f"exponential({_plain(self.exponential)})"
        if self.lognormal is not None:
            return f"lognormal({_plain(self.lognormal)},{_plain(self.sigma or 0.0)})"
        if self.uniform is not None:
            return f"uniform({self.uniform[0]},{self.uniform[1]})"
        values, weights = self.choice or (), self.weights or (1.0,) * len(self.choice or ())
        pairs = zip(values, weights, strict=True)
        return f"choice({','.join(f'{value}:{_plain(weight)}' for value, weight in pairs)})"

    def chosen(self) -> list[tuple[int, float]]:
        """The values of a choice, each with its probability; none of any other."""
        values = self.choice or ()
        weights = self.weights or (1.0,) * len(values)
        return [(v, weight / sum(weights)) for v, weight in zip(values, weights, strict=True)]

    def strata(self, count: int) -> list[float]:
        """The means of `count` strata of equal probability, ascending; not of a choice."""
        below = [self._below(n / count) for n in range(count + 1)]
        return [count * (upper - lower) for lower, upper in pairwise(below)]

    def _below(self, q: float) -> float:
        """The part of the mean that comes from values below the q-quantile: E[X; X < x(q)]."""
        if self.exponential is not None:
            left = 1.0 - q
            return self.exponential * (1.0 - left * (1.0 - math.log(left))) if left else self.mean
        if self.lognormal is not None:
            if q in (0.0, 1.0):
                return q * self.mean
            return self.lognormal * _NORMAL.cdf(_NORMAL.inv_cdf(q) - (self.sigma or 0.0))
        low, high = self.uniform or (0, 0)
        return q * (low + q * (high - low) / 2.0)


def whole(values: list[float]) -> Iterator[int]:
    """Whole numbers, each within 1 of its value, whose sum is that of the values to within 1/2.

    What rounding takes from one is given to the next.
    """
    total, given = 0.0, 0
    for value in values:
        total += value
        number = math.floor(total + 0.5) - given
        given += number
        yield number


def mean_of(text: str) -> float | None:
    """The mean of a number or of a distribution's text; None where it is neither.

    Texts of earlier versions may have an exponent, whose plus is a blank to who reads a query.
    """
    text = text.replace(" ", "+")
    found = _TEXT.fullmatch(text)
    if found is None:
        try:
            return float(text)
        except ValueError:
            return None
    shape, parts = found[1], found[2].split(",")
    if shape == "choice":
        pairs = [tuple(map(float, part.split(":"))) for part in parts]
        return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)
    if shape == "uniform":
        return sum(map(float, parts)) / 2.0
    return float(parts[0]) if shape in _SHAPES else None


def _plain(number: float) -> str:
    """All of its digits, and no exponent: whoever reads a query takes a plus for a blank."""
    return f"{Decimal(repr(float(number))):f}".removesuffix(".0")


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
