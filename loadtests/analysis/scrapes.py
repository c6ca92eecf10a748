"""What the exporter served during a trial, read back: only what the analysis uses of it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Labels = Mapping[str, str]


class ScrapesError(Exception):
    """A file of scrapes that cannot be read: says which, and why."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """One scrape: when it was taken, and its series by name."""

    at_ns: int
    series: Mapping[str, tuple[tuple[Labels, float], ...]]

    def total(self, name: str, wanted: Callable[[Labels], bool] = lambda _: True) -> float | None:
        """The sum over the series of a name; None where it has none."""
        found = [value for labels, value in self.series.get(name, ()) if wanted(labels)]
        return sum(found) if found else None


def grown(first: Scrape, last: Scrape, name: str) -> Iterator[tuple[Labels, float]]:
    """How much each series of a name has grown between two scrapes; a new one began at zero."""
    before = {_key(labels): value for labels, value in first.series.get(name, ())}
    for labels, value in last.series.get(name, ()):
        yield labels, value - before.get(_key(labels), 0.0)


def grown_by(scrapes: Sequence[Scrape], name: str, label: str) -> dict[str, float]:
    """How much the series of a name have grown from the first scrape to the last, by a label."""
    found: dict[str, float] = {}
    if len(scrapes) > 1:
        for labels, value in grown(scrapes[0], scrapes[-1], name):
            found[labels[label]] = found.get(labels[label], 0.0) + value
    return found


def seconds_between(scrapes: Sequence[Scrape]) -> float:
    """From the first scrape to the last; 0 where there are not two."""
    return (scrapes[-1].at_ns - scrapes[0].at_ns) / 1e9 if scrapes else 0.0


def _key(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def read(path: Path, names: Sequence[str]) -> tuple[Scrape, ...]:
    """The scrapes of a file with the series of `names`; none where there is no file."""
    try:
        text = gzip.decompress(path.read_bytes()).decode()
        return tuple(_scrape(json.loads(line), tuple(names)) for line in text.splitlines())
    except FileNotFoundError:
        return ()
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise ScrapesError(f"{path}: no readable scrapes ({error})") from None


def _scrape(line: dict[str, Any], names: tuple[str, ...]) -> Scrape:
    # Most of a scrape is buckets that nobody asks for here: parsing them takes most of the time.
    wanted = "".join(row + "\n" for row in line["text"].splitlines() if row.startswith(names))
    series: dict[str, list[tuple[Labels, float]]] = {}
    for family in text_string_to_metric_families(wanted):
        for sample in family.samples:
            series.setdefault(sample.name, []).append((sample.labels, sample.value))
    return Scrape(int(line["at_ns"]), {name: tuple(found) for name, found in series.items()})
