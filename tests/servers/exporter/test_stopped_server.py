"""The exporter beside real servers of which every worker is stopped."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from servers.budget import Budget
from servers.metrics import METRICS
from tests.servers.exporter.children import ledger_of, samples, series
from tests.servers.exporter.test_door import exporter, metrics
from tests.servers.live import running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of sockets and threads"),
]

WAITING = 9


@pytest.mark.parametrize(
    ("name", "budget", "workers"),
    [("sync", Budget(workers=1, slots=4), 4), ("uvloop", Budget(workers=2), 2)],
)
def test_a_scrape_answers_while_every_worker_is_stopped(
    name: str, budget: Budget, workers: int, tmp_path: Path
) -> None:
    with running(name, budget) as live, exporter(tmp_path) as (_, port), ExitStack() as stack:
        pids = [facts["pid"] for facts in live.facts_of_workers(workers)]
        for pid in pids:
            ledger = ledger_of(tmp_path, pid, name, workers, live.pid)
            ledger.cells[ledger.series("http_server_active_requests")] = 1
            stack.callback(os.kill, pid, signal.SIGCONT)
            os.kill(pid, signal.SIGSTOP)
        for _ in range(WAITING):
            stack.enter_context(socket.create_connection(("127.0.0.1", live.port)))

        took_s = []
        for _ in range(5):
            began = time.perf_counter()
            text = metrics(port)
            took_s.append(time.perf_counter() - began)
        found = samples(text)

        assert min(took_s) < 0.1, took_s
        assert max(took_s) < 1, took_s
        assert statistics.median(took_s) < 0.5, took_s
        for metric in METRICS.values():
            # What the exporter makes of a worker's own gauges is not there without them.
            own = metric.name.startswith(("testbed_pool_", "testbed_event_loop_"))
            if metric.writer == "exporter" and not own:
                assert series(found, metric.name), metric.name
        assert len(series(found, "http_server_active_requests", profile=name)) == workers
        assert series(found, "testbed_workers", profile=name) == [workers]
        assert series(found, "testbed_accept_queue_connections", profile=name) == [WAITING]
        assert series(found, "testbed_accept_queue_max_connections", profile=name) == [WAITING]
        limit = min(budget.backlog, int(Path("/proc/sys/net/core/somaxconn").read_text()))
        assert series(found, "testbed_accept_queue_limit_connections") == [limit]
        roles = ["testbed_process_threads", "testbed_process_cpu_seconds_total"]
        for metric_name in roles:
            assert len(series(found, metric_name, role="worker")) == workers
            assert len(series(found, metric_name, role="supervisor")) == 1
