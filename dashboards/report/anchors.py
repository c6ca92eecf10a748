"""Where a claim's chart is on the page: by its id, or by the names that the id was made of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from dashboards.report.format import slug
from dashboards.report.sections import Section


def aliases(sections: Sequence[Section]) -> dict[str, str]:
    """Ids by shorter names, which leave out the numbers that keep ids apart.

    `wait-rate-100-bystander` is that chart of one load, `wait-bystander` that of the heaviest, and
    `wait-achieved` that of the sweep. The first workload of a name has it.
    """
    found: dict[str, str] = {}
    for section in sections:
        mine = dict(_of_section(section))
        found = mine | found
    return found


def target(wanted: str, here: Collection[str], known: Mapping[str, str]) -> str:
    """The id on the page that `wanted` means; empty where the page has no such element."""
    if wanted in here:
        return wanted
    other = known.get(wanted, "")
    return other if other in here else ""


def ids(html: str) -> frozenset[str]:
    """Every id of a piece of the page."""
    return frozenset(re.findall(r'\sid="([^"]+)"', html))


def _of_section(section: Section) -> Iterator[tuple[str, str]]:
    name = slug(section.workload.name)
    # Lightest first: what the heaviest load has stands.
    for load in section.loads:
        drawn = [*load.charts, load.inside.split, load.inside.swimlane]
        for chart in (one for one in drawn if one is not None):
            kind = chart.id.rsplit("-", 1)[-1]
            yield f"{name}-{slug(load.cell.load.name)}-{kind}", chart.id
            yield f"{name}-{kind}", chart.id
    for chart in section.sweep:
        kind = chart.id.rsplit("-", 1)[-1]
        yield f"{name}-sweep-{kind}", chart.id
        if kind == "achieved":
            yield f"{name}-{kind}", chart.id
