"""A master and two workers against one process, on the same schedule."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest

from loadtests import samples as sample_files
from loadtests.engine.generator import planned
from loadtests.plan import ArrivalStream, GeneratorPlan, Target
from loadtests.run.generators import LOCUSTFILE
from servers.ledger import Reader
from tests.loadtests.mini import ROOT
from tests.servers.live import free_port, running

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def plan(port: int, folder: Path, processes: int) -> GeneratorPlan:
    """Two streams that can be told apart, the same for any number of processes."""
    streams = []
    for number, (name, url, rate) in enumerate(
        (("load", "/wait?ms=40", 100.0), ("bystander", "/hello", 30.0))
    ):
        path = url.partition("?")[0]
        target = Target(number=number, stream=name, path=path, url=url, weight=1.0)
        streams.append(ArrivalStream(name=name, arrivals="poisson", rate=rate, targets=(target,)))
    return GeneratorPlan(
        host="127.0.0.1",
        port=port,
        seed=9,
        origin_ns=perf_counter_ns() + int(8e9),
        warmup_s=0.5,
        measure_s=4.0,
        drain_s=2.0,
        max_in_flight=1_000,
        arrivals=tuple(streams),
        users=(),
        folder=folder,
        processes=processes,
        profile="uvloop",
        ledgers=folder / "ledgers",
    )


def run_locust(wanted: GeneratorPlan) -> dict[str, dict[str, Any]]:
    """The statistics that Locust itself writes at the end, by request name."""
    folder = wanted.folder
    (folder / "plan.json").write_text(wanted.model_dump_json())
    count = str(wanted.processes)
    at = str(free_port())
    many = ["--processes", count, "--master-port", at, "--master-bind-port", at]
    many = [*many, "--master-bind-host", "127.0.0.1"] if count != "1" else []
    argv = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "-u", count]
    argv += ["-r", count, *many, "--only-summary", "--csv", str(folder / "locust"), "TrialUser"]
    ended = subprocess.run(
        argv,
        cwd=ROOT,
        env={**os.environ, "TESTBED_PLAN": str(folder / "plan.json")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with (folder / "locust_stats.csv").open() as file:
        return {row["Name"]: row for row in csv.DictReader(file)}


def counted(ledgers: Path) -> Counter[tuple[str, ...]]:
    """Counters and gauges of all ledgers added up, by their short names and the stream's labels."""
    total: Counter[tuple[str, ...]] = Counter()
    for path in ledgers.iterdir():
        for series in Reader(path).series():
            own = [v for k, v in series.labels.items() if k not in ("profile", "generator")]
            if len(series.cells) == 1:
                name = series.name.removeprefix("testbed_client_")
                total[(name, *own)] += int(series.cells[0])
    return total


def test_two_workers_give_the_statistics_and_the_samples_of_one_process(tmp_path: Path) -> None:
    with running("uvloop") as server, ThreadPoolExecutor() as side_by_side:
        plans = []
        for processes in (1, 2):
            folder = tmp_path / str(processes)
            folder.mkdir()
            plans.append(plan(server.port, folder, processes))
        one, two = side_by_side.map(run_locust, plans)

    schedule = planned(plan(0, tmp_path, 1))
    assert one["Aggregated"]["Request Count"] == str(len(schedule.intended_ns))
    for name in ("/wait", "/hello", "Aggregated"):
        assert one[name]["Request Count"] == two[name]["Request Count"]
        assert one[name]["Failure Count"] == two[name]["Failure Count"] == "0"
    for share in ("50%", "90%"):
        waits = [float(by_name["/wait"][share]) for by_name in (one, two)]
        assert waits[0] == pytest.approx(40.0, abs=6.0)
        assert waits[1] == pytest.approx(waits[0], rel=0.1)

    files = {n: sorted((tmp_path / str(n)).glob("samples*.parquet")) for n in (1, 2)}
    assert [len(found) for found in files.values()] == [1, 2]
    together = {n: sample_files.read(*found) for n, found in files.items()}
    for samples in together.values():
        assert sorted(samples.intended_ns) == list(schedule.intended_ns)
    for processes in (1, 2):
        ledgers = tmp_path / str(processes) / "ledgers"
        assert len(list(ledgers.iterdir())) == processes
        found = counted(ledgers)
        assert found["scheduled_requests_total",] == len(schedule.intended_ns)
        assert found["in_flight_requests",] == 0
        for number, (stream, path) in enumerate((("load", "/wait"), ("bystander", "/hello"))):
            completed = found["requests_total", stream, path, "completed"]
            assert completed == schedule.targets.count(number) > 0
        assert found["connections_total",] > 0
    reports = [json.loads(p.read_text()) for p in (tmp_path / "2").glob("generator*.json")]
    assert {report["schedule_digest"] for report in reports} == {schedule.digest}
    assert sum(report["scheduled"] for report in reports) == len(schedule.intended_ns)
    assert abs(reports[0]["scheduled"] - reports[1]["scheduled"]) <= 1
