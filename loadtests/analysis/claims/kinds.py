"""What the requests of a workload do: read from the paths of its request lines, not from names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from loadtests.analysis.subjects import WorkloadSummary
from loadtests.distributions import mean_of

Kind = Literal["trivial", "waiting", "blocking", "computing", "handed over", "deferred", "other"]

KINDS: dict[str, Kind] = {
    "/hello": "trivial",
    "/healthz": "trivial",
    "/parity": "trivial",
    "/wait": "waiting",
    "/downstream": "waiting",
    "/db": "waiting",
    "/stream": "waiting",
    "/blocking": "blocking",
    "/cpu": "computing",
    "/offload": "handed over",
    "/cpu-offload": "handed over",
    "/jobs": "deferred",
}
"""What a request to each path does to a server that has one thread for all of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of request of a workload: its path, what it asks for, its weight, body and client.

    A distributed parameter is its text, `exponential(100)`; an ordinary `client` is empty.
    """

    path: str
    parameters: dict[str, str]
    weight: float
    client: str = ""
    body_bytes: int = 0

    @property
    def alone(self) -> bool:
        """Whether the time that it asks for is all that it waits for."""
        return self.path != "/db" and self.parameters.get("calls", "1") == "1"

    @property
    def kind(self) -> Kind:
        """What it does."""
        return KINDS.get(self.path, "other")


def lines(workload: WorkloadSummary) -> tuple[Line, ...]:
    """The request lines of a workload: `GET /wait?ms=100 × 2`, `POST /upload with 4,000 bytes`."""
    return tuple(map(_line, workload.requests))


def kinds(workload: WorkloadSummary) -> frozenset[Kind]:
    """All that its requests do."""
    return frozenset(line.kind for line in lines(workload))


def waits_only(workload: WorkloadSummary) -> bool:
    """Whether every request waits, and leaves the thread to others meanwhile if it can."""
    return kinds(workload) == {"waiting"}


def is_mixed(workload: WorkloadSummary) -> bool:
    """Whether some requests wait, and others block or compute."""
    found = kinds(workload)
    return "waiting" in found and bool(found & {"blocking", "computing"})


def asked_ms(workload: WorkloadSummary) -> float | None:
    """How long a request waits or blocks, as it asks for it: milliseconds, the mean by weight.

    None where a request asks for no time, or waits for more than it asks for: for several calls, or
    for what a database needs itself.
    """
    asked = [
        (mean_of(line.parameters.get("ms", "")) if line.alone else None, line.weight)
        for line in lines(workload)
    ]
    if not asked or any(ms is None for ms, _ in asked):
        return None
    weights = sum(weight for _, weight in asked)
    return sum((ms or 0.0) * weight for ms, weight in asked) / weights


def _line(text: str) -> Line:
    request, _, weight = text.partition(" × ")
    sent, _, client = request.partition(" as ")
    line, _, body = sent.partition(" with ")
    target = urlsplit(line.rpartition(" ")[2])
    parameters, size = dict(parse_qsl(target.query)), body.partition(" ")[0].replace(",", "")
    return Line(target.path, parameters, float(weight or 1.0), client, int(size or 0))
