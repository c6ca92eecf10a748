"""One look per profile, the same in every chart: colour, line dash and point symbol.

The colours are those of Okabe and Ito, which eyes of every kind can tell apart;
dash and symbol repeat the distinction, so that it never rests on colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How a profile is drawn: `dash` in pixels on and off (empty: solid), `symbol` by name."""

    colour: str
    dash: tuple[int, ...]
    symbol: str


LOOKS: dict[str, Look] = {
    "sync": Look("#D55E00", (), "circle"),
    "gthread": Look("#E69F00", (8, 3), "rect"),
    "gevent": Look("#CC79A7", (2, 3), "triangle"),
    "asgi": Look("#0072B2", (10, 3, 2, 3), "diamond"),
    "uvloop": Look("#56B4E9", (), "emptyCircle"),
    "hybrid": Look("#009E73", (5, 4), "emptyRect"),
    "gunicorn-asgi": Look("#777777", (2, 2), "emptyTriangle"),
}

# A profile that has no row yet still has to be drawn: grey, unlike any row above.
UNKNOWN = Look("#999999", (1, 4), "emptyDiamond")


def look(profile: str) -> Look:
    """The look of a profile; a neutral one where the profile has no row."""
    return LOOKS.get(profile, UNKNOWN)
