"""Whether it was the server that was measured, or what the server called."""

from __future__ import annotations

from collections.abc import Iterator

from loadtests.analysis.called import Downstream, faults
from loadtests.analysis.summary import Reason

HINT = "lower the rate or the calls of a request, or use a machine with a processor more for it"


def against(found: Downstream | None) -> Iterator[Reason]:
    """A reason for each thing by which the downstream service was itself the bottleneck."""
    for text in faults(found):
        yield Reason("downstream", f"{text}: it was the bottleneck", HINT)
