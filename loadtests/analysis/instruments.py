"""What a trial's instruments say: frozen records, part of the shape of `summary.json`.

Times are milliseconds. `queue`, `cpu`, `wait`, `hold` and `step` of requests come from the
server's own `Server-Timing`, and reach to the moment at which the answer began. `RouteHold`,
`WorkerShare` and `ServerSide` come from scrapes of its exporter: there requests count to their end.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the time of `requests` requests went, as means: the parts add up to the latency.

    `lateness_ms`: due, not yet begun by the generator. `connect_ms`: opening a connection.
    `queue_ms`: sent, not yet begun by the application. `cpu_ms` and `wait_ms`: in the application,
    with and without a processor; without one it waits for what was asked, for a lock, for a place
    in a pool, or for its loop. `return_ms`: what is left of the latency, from the moment at which
    the answer began until it was here. Of each request a part that comes out negative, by clocks of
    limited resolution, counts as 0, and as itself in `remainder_ms`.
    """

    requests: int
    latency_ms: float
    lateness_ms: float
    connect_ms: float
    queue_ms: float
    cpu_ms: float
    wait_ms: float
    return_ms: float
    remainder_ms: float


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of all requests that were measured, and of the slowest hundredth of them.

    `stamped` is the share of the completed requests that were measured. `slowest` is None where
    fewer than ten requests would be in it.
    """

    stamped: float
    all: Parts
    slowest: Parts | None


@dataclass(frozen=True, slots=True)
class RouteHold:
    """How a route's requests held their worker, thread or loop in the application.

    `requests` are those that the workers answered in the window, whatever their stream and their
    outcome (without scrapes: those that were completed). `share` is the route's part of all hold.
    `longest_ms` is the longest step of any request of which the client had a measured answer.
    """

    route: str
    requests: int
    mean_ms: float
    longest_ms: float | None
    share: float


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """One worker: its part of the requests, and how much of it they took.

    `requests` were answered in the window, whatever their stream and their outcome (without
    scrapes: those that were completed and measured), `share` is their part of all workers'.
    `occupancy` is hold over the window and the slots of the worker, the application's only: what
    the server does, such as accepting and parsing, is not in it. Where only some requests were
    measured it is scaled up. `cpu` is the share of a processor that the whole process used.
    """

    worker: int
    requests: int
    share: float
    occupancy: float
    cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Stall:
    """What a callback due at a random moment of the window waited for its loop; loops only.

    The idle baseline is subtracted already. `counted` is the share of the window's moments that are
    in it. Quantiles are upper bounds of histogram buckets; lower bounds, as is the mean, where
    `at_least`: many of the moments are of a stall that had not ended with the window.
    """

    mean_ms: float
    p90_ms: float | None
    p99_ms: float | None
    baseline_ms: float
    counted: float = 1.0
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class ServerSide:
    """What only the server and its host know, from scrapes in the window.

    `pools` maps a pool's name to the most requests that waited for it in one worker. Switches and
    delay are of all processes of the server, `tcp_events` of the whole host, those above zero only.
    """

    accept_queue_max: int | None
    accept_queue_limit: int | None
    pools: dict[str, int]
    stall: Stall | None
    voluntary_switches: int | None
    involuntary_switches: int | None
    run_queue_delay_s: float | None
    pss_mb: float | None
    open_connections_max: int | None
    restarts: int | None
    tcp_events: dict[str, int]


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Requests whose client left before the end of their answer, and how long they went on then.

    `seconds` are those that they were in the application for nobody. A handler that stops for a
    client that leaves has next to none.
    """

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class HeldLine:
    """The line at which requests of a route were found holding, and the most usual way to it.

    `share` is its part of all times that requests of the route were found.
    """

    route: str
    line: str
    samples: int
    share: float
    held_ms: float
    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of a request's course on a lane, which it held.

    `run`: on a processor for at least half of the piece. `block`: it did not run, because it
    waited, or was ready and had no processor or not the interpreter's lock.
    `from_ms` and `to_ms` count from the start of the measurement window. A lane belongs to one
    worker; lanes of one kind are numbered from 1.
    """

    lane: str
    state: str
    from_ms: float
    to_ms: float


@dataclass(frozen=True, slots=True)
class Course:
    """One captured request: when it was due, sent, begun, answered; and its slices in order.

    Times count from the start of the measurement window. `began_ms` and `ended_ms` are the
    server's, by which `worker` is None as well where the server never came so far; `answered_ms` is
    when its answer began, where the client was told. `done_ms` of a censored request is when its
    trial ended.
    """

    stream: str
    route: str
    outcome: str
    worker: int | None
    intended_ms: float
    connect_ms: float
    sent_ms: float
    began_ms: float | None
    ended_ms: float | None
    done_ms: float
    slices: tuple[Slice, ...]
    answered_ms: float | None = None

    @property
    def awaited(self) -> tuple[tuple[float, float], ...]:
        """From when to when it was in the application, and on no lane."""
        if self.began_ms is None or self.ended_ms is None:
            return ()
        found: list[tuple[float, float]] = []
        at = self.began_ms
        for piece in self.slices:
            found.append((at, piece.from_ms))
            at = max(at, piece.to_ms)
        found.append((at, self.ended_ms))
        return tuple((low, high) for low, high in found if high > low)
