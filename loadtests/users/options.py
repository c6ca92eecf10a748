"""Command-line options of the users, shown in Locust's web UI as well, and finer statistics."""

from __future__ import annotations

from typing import Any

import gevent
import locust.stats
from locust import events

from loadtests.engine import statistics
from loadtests.plan import STAMPED_RPS
from servers.ledger import default_folder


@events.init_command_line_parser.add_listener
def _add_options(parser: Any) -> None:
    # The page shows what is added to the parser itself, and not what is in a group of it.
    add = parser.add_argument
    add("--path", default="/wait?ms=100", help="what open and closed users ask for")
    add("--rate", type=float, default=1.0, help="arrivals a second of one open user")
    add(
        "--arrivals",
        choices=["poisson", "constant"],
        default="poisson",
        help="how they are spaced",
    )
    add("--think-time", type=float, default=1.0, help="seconds a closed user thinks")
    add("--max-in-flight", type=int, default=10_000, help="above it an arrival is dropped")
    add("--drain", type=float, default=2.0, help="seconds to wait for answers at the end")
    add(
        "--stamped-rps",
        type=float,
        default=STAMPED_RPS,
        help="up to so many requests a second are asked for their split, 0: none",
    )
    add(
        "--ledgers",
        default=str(default_folder()),
        include_in_web_ui=False,
        metavar="FOLDER",
        help="count in a ledger there, for the exporter (%(default)s)",
    )
    add(
        "--allow-host",
        include_in_web_ui=False,
        action="append",
        metavar="NAME",
        help="a host that you answer for; load goes to this machine without it",
    )


@events.init.add_listener
def _refine(**_: Any) -> None:
    """Histogram buckets of 0.8 % instead of whole milliseconds, in the CSV files too."""
    locust.stats.bucket_response_time = statistics.bucket_ms  # type: ignore[assignment]
    locust.stats.StatsCSV._percentile_fields = _percentile_fields  # type: ignore[assignment,method-assign]


def _percentile_fields(self: Any, entry: Any, use_current: bool = False) -> list[Any]:
    """As Locust's own, but not cut to whole milliseconds."""
    if not entry.num_requests:
        return list(self.percentiles_na)
    current = use_current and entry.use_response_times_cache
    read = entry.get_current_response_time_percentile if current else None
    read = read or entry.get_response_time_percentile
    return [round(read(share) or 0.0, 3) for share in self.percentiles_to_report]


@events.quitting.add_listener
def _finish_files(environment: Any, **_: Any) -> None:
    """Locust writes its CSV files once a second, and would end before the last second is in."""
    options = environment.parsed_options
    if options is not None and options.csv_prefix and not options.worker:
        gevent.sleep(locust.stats.CSV_STATS_INTERVAL_SEC + 0.2)
