"""Figures by dotted names, each with its median, minimum, maximum and count."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

BENCH = Path("results/bench.json")
Figure = dict[str, float]


def figure(values: Sequence[float]) -> Figure:
    """The spread of repeated measurements."""
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
        "n": len(values),
    }


def note(name: str, what: Mapping[str, object]) -> None:
    """Write one entry into the file at once, beside the others."""
    BENCH.parent.mkdir(exist_ok=True)
    known: dict[str, object] = json.loads(BENCH.read_text()) if BENCH.exists() else {}
    known[name] = what
    BENCH.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


def save(name: str, values: Sequence[float]) -> None:
    """Write one figure into the file at once, beside the others, and say it."""
    spread = figure(values)
    note(name, spread)
    print(f"{name:<45} {spread['median']:>9} ({spread['min']} to {spread['max']}, n={spread['n']})")
