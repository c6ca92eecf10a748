"""The area under readings over time, from which follows their mean between any two moments."""

from __future__ import annotations

from collections.abc import Mapping

from servers.exporter.book import Key

LONGEST_S = 2.0
"""Over a longer time without a reading nothing is said: what was read had gone meanwhile."""


class Areas:
    """The area under each of several readings, by the trapezoid rule.

    Rule: readings are taken at random moments, and at no others. Between fixed ones, or at those
    of a scrape, whatever happens as regularly would always be met at the same stage. The weight
    that this rule gives a reading depends on when its neighbours were taken and not on its own
    moment, and so the area errs by chance only.
    """

    def __init__(self) -> None:
        self._areas: dict[Key, float] = {}
        self._last: dict[Key, tuple[float, float]] = {}

    def add(self, at_s: float, readings: Mapping[Key, float]) -> None:
        """Readings at a moment; one that is not to be had is bridged by the next."""
        for key, value in readings.items():
            before_s, before = self._last.get(key, (at_s, value))
            area = (at_s - before_s) * (before + value) / 2 if at_s - before_s <= LONGEST_S else 0.0
            self._areas[key] = self._areas.get(key, 0.0) + area
            self._last[key] = at_s, value

    def known(self, readings: Mapping[Key, float]) -> dict[Key, float]:
        """All areas up to the last readings; of those that had none but these 0, from now on."""
        for key in readings:
            self._areas.setdefault(key, 0.0)
        return dict(self._areas)
