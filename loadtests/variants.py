"""A request with distributed parameters as the requests that stand for it: plain numbers, shares.

Deterministic: no draw but one from a fixed seed. Values of a choice meet every other value;
distributions of a range are cut into strata and paired at random, each of them once with each
other's (Latin hypercube: M. D. McKay, R. J. Beckman and W. J. Conover, Technometrics 21(2), 1979).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence

from loadtests.distributions import Distribution, whole
from servers.contract import Parameter

STRATA = 64
"""Of a distribution without end, and of those that are paired."""
MOST_EXACT = 256
"""A range of so many whole numbers is taken number by number, and a wider one in so many strata."""
MOST_VARIANTS = 1024
CUT = 0.01
"""The part by which the parameter's bounds may move the mean."""

Numbers = dict[str, int]


def variants(
    params: Mapping[str, int | Distribution], bounds: Mapping[str, Parameter]
) -> list[tuple[Numbers, float]]:
    """Parameters as plain numbers, each with its share of the requests; the shares add up to 1.

    `bounds` are the contract's. Raises ValueError where these would move a mean by more than 1 %,
    or where there would be more than a thousand variants.
    """
    fixed = {name: value for name, value in params.items() if isinstance(value, int)}
    spread = {name: one for name, one in params.items() if isinstance(one, Distribution)}
    choices = {name: one for name, one in spread.items() if one.choice is not None}
    ranges = {name: one for name, one in spread.items() if one.choice is None}
    found: dict[tuple[int, ...], float] = {}
    rows = list(_paired(ranges, bounds))
    crossed = list(itertools.product(*(_inside(n, d, bounds[n]) for n, d in choices.items())))
    if len(rows) * len(crossed) > MOST_VARIANTS:
        raise ValueError(
            f"params make {len(rows) * len(crossed)} variants, allowed: {MOST_VARIANTS}; "
            "use fewer choices"
        )
    for row, picks in itertools.product(rows, crossed):
        share = 1.0 / len(rows)
        for _, one in picks:
            share *= one
        given = dict(zip((*ranges, *choices), (*row, *(value for value, _ in picks)), strict=True))
        values = tuple({**fixed, **given}[name] for name in params)
        # Strata that come down to the same numbers are one request.
        found[values] = found.get(values, 0.0) + share
    return [(dict(zip(params, values, strict=True)), share) for values, share in found.items()]


def _inside(name: str, one: Distribution, bound: Parameter) -> list[tuple[int, float]]:
    for value, _ in one.chosen():
        if not bound.minimum <= value <= bound.maximum:
            raise ValueError(
                f"params.{name}.choice has {value}, allowed: {bound.minimum} to {bound.maximum}"
            )
    return one.chosen()


def _paired(
    ranges: Mapping[str, Distribution], bounds: Mapping[str, Parameter]
) -> Iterator[tuple[int, ...]]:
    """Rows of equal probability; of one distribution its strata in order."""
    columns = []
    for number, (name, one) in enumerate(ranges.items()):
        column = _values(name, one, bounds[name], alone=len(ranges) == 1)
        if number:
            random.Random(f"{name}/{one.text}").shuffle(column)
        columns.append(column)
    yield from zip(*columns, strict=True) if columns else [()]


def _values(name: str, one: Distribution, bound: Parameter, *, alone: bool) -> list[int]:
    """The whole numbers of a distribution's strata, within the parameter's bounds."""
    for end in one.uniform or ():
        if not bound.minimum <= end <= bound.maximum:
            raise ValueError(
                f"params.{name}.uniform has {end}, allowed: {bound.minimum} to {bound.maximum}"
            )
    if alone and one.uniform is not None and one.uniform[1] - one.uniform[0] < MOST_EXACT:
        wanted: Sequence[int] = range(one.uniform[0], one.uniform[1] + 1)
    else:
        count = MOST_EXACT if alone and one.uniform is not None else STRATA
        wanted = list(whole(one.strata(count)))
    values = [min(max(value, bound.minimum), bound.maximum) for value in wanted]
    mean = sum(values) / len(values)
    if abs(mean - one.mean) > CUT * one.mean:
        raise ValueError(
            f"params.{name} is {one.text}, whose mean {one.mean:g} would be {mean:.4g} within "
            f"{bound.minimum} to {bound.maximum}; choose a mean further from these bounds"
        )
    return values
