"""What requests are counted as: by method, path and status, as far as the contract knows them."""

from __future__ import annotations

from servers.contract import ALLOW, route_of
from servers.ledger import Ledger
from servers.metrics import OTHER
from servers.rows import KIND

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)

Asked = tuple[str, str, int]
"""The method and path of a request and its status, which is 0 where it was not answered."""

OK = 200


class Tally:
    """A count, and the cell that shows it: `tally.count += 1` and then `cells[cell] = count`.

    `kind` is where a row counts that notes one of them, as `Totals` has found it; empty before.
    """

    __slots__ = ("cell", "count", "kind", "labels")

    def __init__(self, cell: int, labels: tuple[str, ...] = ()) -> None:
        self.cell, self.count, self.labels, self.kind = cell, 0.0, labels, b""


class Totals(dict[Asked, Tally]):
    """The requests that were asked and answered in each way.

    `usual` has those that were answered with 200, by method and path.
    """

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger
        self.usual: dict[tuple[str, str], Tally] = {}
        self.all: dict[int, Tally] = {}

    def __missing__(self, asked: Asked) -> Tally:
        labels = _labels(asked)
        cell = self._ledger.series("testbed_requests_total", *labels)
        tally = self.all.setdefault(cell, Tally(cell, labels))
        if _is_known(asked):
            self[asked] = tally
            method, path, status = asked
            if status == OK:
                self.usual[method, path] = tally
        return tally

    def kind_of(self, tally: Tally) -> bytes:
        """Where a row counts that notes a request of this tally: series of which some are new."""
        series, (_, route, _) = self._ledger.series, tally.labels
        tally.kind = KIND.pack(
            series("http_server_request_duration_seconds", *tally.labels),
            series("testbed_request_queue_seconds", route),
            series("testbed_request_hold_seconds", route),
            series("testbed_request_longest_step_seconds", route),
            series("testbed_request_cpu_seconds_total", route),
            series("testbed_request_wait_seconds_total", route),
            series("testbed_worker_measured_requests_total"),
            series("testbed_worker_hold_seconds_total"),
        )
        return tally.kind


def _is_known(asked: Asked) -> bool:
    # A client may send any method and any path: only the contract's own are remembered.
    method, path, _ = asked
    return method in METHODS and path in ALLOW


def _labels(asked: Asked) -> tuple[str, str, str]:
    method, path, status = asked
    return method if method in METHODS else OTHER, route_of(path), str(status or "")
