"""The stack comes up, is loaded through Locust's page, is seen by Prometheus, and goes away.

Grafana is part of this where images can be had; an engine of the test's own has none to run.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.stack import stand_ins
from tests.stack.engine import ROOT, Engine, engine

ASK = ROOT / "tests/stack/ask.py"
LOCUST, PROMETHEUS, GRAFANA = 8089, 9090, 3000
DEADLINE_S = 60.0
TWINS = {"sync": "http://wsgi:8001", "uvloop": "http://asgi:8002"}
# Where the test can leave no image behind, what is not tested is not started.
OVERRIDE = """
services:
  experiment:
    volumes: ["{results}:/testbed/results"]
  against:
    volumes: ["{results}:/testbed/loadtests/experiments:ro"]
"""
WITHOUT_GRAFANA = """
  grafana:
    profiles: [untested]
"""
EXPERIMENT = """
name = "short"
question = "Does an experiment run in the stack's image?"
seed = 7
warmup_s = 0.5
measure_s = 2.0
drain_s = 1.0
profiles = ["sync", "uvloop"]
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 20 } }]
[[loads]]
name = "20/s"
mode = "open"
rate = 20.0
"""


def await_(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, inspect.getsource(true).strip()
        time.sleep(0.5)


class Stack:
    """The stack as a user has it: make, the published ports, the client of Docker."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.results = folder / "results"
        self.results.mkdir()
        override = folder / "override.yml"
        grafana = WITHOUT_GRAFANA if engine.own else ""
        override.write_text(OVERRIDE.format(results=self.results) + grafana)
        files = f"{ROOT / 'docker-compose.yml'}:{override}"
        variables = {**engine.environment, "COMPOSE_FILE": files, "LOCUST_WORKERS": "2"}
        self.engine = Engine(variables, engine.within, engine.own)

    def make(self, target: str, **variables: str) -> tuple[int, str]:
        """Run a target of the Makefile; returns its status and what it printed."""
        done = self.engine.run(["make", "--no-print-directory", target], **variables)
        return done.returncode, done.stdout + done.stderr

    def ask(self, port: int, path: str, form: Mapping[str, object] | None = None) -> str:
        """GET from a published port, or POST a form."""
        arguments = [str(port), path, *([] if form is None else [urlencode(form)])]
        done = self.engine.run([*self.engine.within, sys.executable, str(ASK), *arguments])
        assert done.returncode == 0, done.stderr
        return done.stdout

    def value(self, query: str) -> float:
        """What Prometheus makes of a query that has one result; not a number where it has none."""
        path = "/api/v1/query?" + urlencode({"query": query})
        found = json.loads(self.ask(PROMETHEUS, path))["data"]["result"]
        return float(found[0]["value"][1]) if found else math.nan

    def locust(self) -> dict[str, Any]:
        """What Locust's page shows: the total of all requests, and the rest."""
        found: dict[str, Any] = json.loads(self.ask(LOCUST, "/stats/requests"))
        return found | {"total": found["stats"][-1]}

    def start(self, host: str, path: str, users: int, rate: float) -> None:
        """Press start: so many open users, each with so many arrivals a second."""
        form = {"host": host, "path": path, "user_count": users, "rate": rate}
        form |= {"spawn_rate": 100, "user_classes": "OpenUser"}
        answer = json.loads(self.ask(LOCUST, "/swarm", form))
        assert answer["success"], answer

    def load(self, host: str, path: str, users: int, rate: float, requests: int) -> None:
        """Load a twin until Locust has so many answers of this load."""
        self.ask(LOCUST, "/stats/reset", {})
        await_(lambda: not self.requests())
        self.start(host, path, users, rate)
        await_(lambda: self.requests() >= requests)
        self.ask(LOCUST, "/stop", {})
        await_(lambda: self.locust()["state"] == "stopped")
        assert self.locust()["total"]["num_failures"] == 0

    def requests(self) -> int:
        """How many answers Locust shows now; its workers tell it every few seconds."""
        return int(self.locust()["total"]["num_requests"])

    def last_trials(self) -> dict[str, Any]:
        """The last trial of each profile: one that the host has disturbed was tried again."""
        summary = json.loads((self.results / "latest/summary.json").read_text())
        return {trial["profile"]: trial for trial in summary["trials"]}

    def left(self) -> str:
        """Everything that is there because the stack was up."""
        mine = "--filter=label=com.docker.compose.project=concurrency-testbed"
        image = "--filter=label=org.opencontainers.image.title=concurrency-testbed"
        kinds = (
            ("container", "ls", "--all", mine),
            ("volume", "ls", mine),
            ("network", "ls", mine),
            ("image", "ls", image),
        )
        return "".join(self.engine.docker(*kind, "--quiet") for kind in kinds)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with engine() as found:
        stack = Stack(found, tmp_path_factory.mktemp("stack"))
        if found.own:
            images = [stand_ins.image_of(found, name) for name in ("prometheus", "database")]
            stand_ins.make(found, *images)
        try:
            status, said = stack.make("up")
            assert status == 0, said + stack.engine.docker("compose", "logs", "--tail=50")
            yield stack
        finally:
            stack.make("down")


@pytest.fixture(scope="module")
def services(stack: Stack) -> dict[str, Any]:
    """Every service as Compose understands the file, with those that are optional."""
    shown = stack.engine.docker("compose", "--profile", "*", "config", "--format", "json")
    found: dict[str, Any] = json.loads(shown)["services"]
    return found


def test_no_service_can_do_more_than_it_needs(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["user"].partition(":")[0] not in ("", "0", "root"), name
        assert {port["host_ip"] for port in service.get("ports", ())} <= {"127.0.0.1"}, name
        tag = service["image"].partition(":")[2]
        assert tag, name
        assert tag != "latest", name


def test_both_twins_have_the_same_to_spend(services: dict[str, Any]) -> None:
    budgets = {
        (services[twin]["cpus"], services[twin]["mem_limit"]) for twin in ("wsgi", "asgi", "hybrid")
    }

    assert budgets == {(1, str(512 * 2**20))}


def test_every_service_is_up_and_those_that_can_tell_are_healthy(
    stack: Stack, services: dict[str, Any]
) -> None:
    lines = stack.engine.docker("compose", "ps", "--all", "--format", "json").splitlines()
    found = [json.loads(line) for line in lines]

    started = {name for name, service in services.items() if not service.get("profiles")}
    assert {one["Service"] for one in found} == started
    assert {one["State"] for one in found} == {"running"}
    assert {one["Service"] for one in found if one["Health"] != "healthy"} == {"locust-worker"}
    await_(lambda: stack.locust()["worker_count"] == 2)


def test_a_twin_runs_as_nobody_in_particular_and_can_write_nothing(stack: Stack) -> None:
    inside = ("compose", "exec", "-T", "wsgi")
    written = stack.engine.run(["docker", *inside, "touch", "servers/new"])

    assert stack.engine.docker(*inside, "id", "-u").strip() == "10001"
    assert written.returncode != 0
    assert "Read-only file system" in written.stderr


@pytest.mark.parametrize("profile", TWINS)
def test_server_and_load_generators_count_every_request_that_locust_sends(
    stack: Stack, profile: str
) -> None:
    stack.load(TWINS[profile], "/wait?ms=20", users=4, rate=5.0, requests=60)

    mine = f'profile="{profile}",http_route="/wait"'
    await_(lambda: stack.value(f"sum(testbed_requests_total{{{mine}}})") == stack.requests())
    answered = f'sum(testbed_client_requests_total{{{mine},outcome="completed"}})'
    await_(lambda: stack.value(answered) == stack.requests())


def test_both_twins_call_the_downstream_service_which_is_watched(stack: Stack) -> None:
    for port in (8001, 8002):
        assert json.loads(stack.ask(port, "/downstream?calls=2&ms=5")) == {"calls": 2, "ms": 5}

    await_(lambda: stack.value("sum(testbed_downstream_requests_total)") == 4)


def test_both_twins_read_the_rows_of_one_database(stack: Stack) -> None:
    rows = [{"id": 1, "number": 7920}, {"id": 2114, "number": 767}]

    answers = [json.loads(stack.ask(port, "/db?queries=2")) for port in (8001, 8002)]

    assert answers == [{"queries": 2, "rows": rows}] * 2
    who = "SELECT application_name, count(*) FROM pg_stat_activity GROUP BY 1"
    connected = ("compose", "exec", "-T", "database", "psql", "-U", "testbed", "-Atc", who)
    await_(lambda: "uvloop|8" in stack.engine.docker(*connected))


def test_both_twins_are_loaded_at_once(stack: Stack) -> None:
    stack.load(",".join(TWINS.values()), "/hello", users=4, rate=5.0, requests=60)

    names = {entry["name"] for entry in stack.locust()["stats"]}
    assert names == {"sync /hello", "uvloop /hello", "Aggregated"}
    for profile in TWINS:
        mine = f'profile="{profile}",http_route="/hello"'
        await_(lambda mine=mine: stack.value(f"sum(testbed_requests_total{{{mine}}})") >= 15)  # type: ignore[misc]
        await_(lambda mine=mine: stack.value(f"sum(testbed_client_requests_total{{{mine}}})") >= 15)  # type: ignore[misc]


@pytest.mark.parametrize(("profile", "workers"), [("sync", 4), ("uvloop", 1)])
def test_the_exporter_sees_both_twins_from_outside(
    stack: Stack, profile: str, workers: int
) -> None:
    mine = f'{{profile="{profile}"}}'

    await_(lambda: stack.value(f"testbed_workers{mine}") == workers)
    await_(lambda: 0.1 < stack.value(f"sum(testbed_process_cpu_seconds_total{mine})") < 100)
    resident = f"sum(testbed_process_resident_memory_bytes{mine})"
    await_(lambda: 20e6 < stack.value(resident) < 512e6)


def test_the_queue_in_front_of_a_full_twin_is_seen(stack: Stack) -> None:
    waiting = 'testbed_accept_queue_connections{profile="sync"}'
    assert stack.value(waiting) == 0

    stack.start(TWINS["sync"], "/wait?ms=500", users=10, rate=3.0)
    await_(lambda: stack.value(waiting) >= 20)
    stack.ask(LOCUST, "/stop", {})

    await_(lambda: stack.value(waiting) == 0)


def test_no_load_goes_anywhere_else(stack: Stack) -> None:
    stack.start("http://prometheus:9090", "/-/ready", users=1, rate=1.0)

    refusal = "prometheus is not this machine"
    await_(lambda: refusal in stack.engine.docker("compose", "logs", "locust"))
    assert stack.requests() == 0
    # The page stays: the next host may be a better one.
    await_(lambda: stack.locust()["state"] == "stopped")
    stack.load(TWINS["sync"], "/hello", users=1, rate=5.0, requests=5)


def test_grafana_has_the_dashboards_and_its_source(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    if stack.engine.own:
        with capsys.disabled():
            print("\nuntested: Grafana, since an engine of the test's own has no image of it")
        return
    boards = json.loads(stack.ask(GRAFANA, "/api/search?type=dash-db"))
    committed = ROOT / "dashboards/grafana/generated"

    assert len(boards) == len(list(committed.glob("*.json")))
    asked = f"/api/datasources/proxy/uid/prometheus/api/v1/query?{urlencode({'query': 'up'})}"
    assert json.loads(stack.ask(GRAFANA, asked))["data"]["result"]


def test_an_experiment_in_the_stack_ends_in_a_report(stack: Stack) -> None:
    (stack.results / "short.toml").write_text(EXPERIMENT)
    stack.results.chmod(0o777)
    me = f"{os.getuid()}:{os.getgid()}"
    done = stack.engine.run(
        ["docker", "compose", "run", "--rm", "-T", "--user", me, "experiment", "results/short.toml"]
    )

    assert done.returncode == 0, done.stdout + done.stderr
    last = stack.last_trials()
    assert [*last] == ["sync", "uvloop"]
    for trial in last.values():
        assert trial["requests"]["completed"] == trial["requests"]["scheduled"] > 20
    assert (stack.results / "latest/report.html").stat().st_size > 100_000


def test_an_experiment_against_the_twins_ends_in_the_same_report(stack: Stack) -> None:
    """It measures the processes that serve already, and they are there when it has ended."""
    before = json.loads(stack.ask(8002, "/parity"))["pid"]
    (stack.results / "short.toml").write_text(EXPERIMENT)

    status, said = stack.make("against", EXP="short", RESULTS=str(stack.results))

    assert status == 0, said
    last = stack.last_trials()
    assert [*last] == ["sync", "uvloop"]
    for trial in last.values():
        assert trial["requests"]["completed"] == trial["requests"]["scheduled"] > 20
        assert trial["warnings"][0]["code"] == "standing"
        assert trial["cpu_s"] > 0
        assert trial["server_side"]["voluntary_switches"] > 0
    assert [len(trial["workers"]) for trial in last.values()] == [4, 1]
    assert (stack.results / "latest/report.html").stat().st_size > 100_000
    assert json.loads(stack.ask(8002, "/parity"))["pid"] == before


def test_a_variable_chooses_the_profile_of_a_twin(stack: Stack) -> None:
    status, said = stack.make("up", WSGI_PROFILE="gthread")

    assert status == 0, said
    assert "http://wsgi:8001 (gthread)" in said
    worker = json.loads(stack.ask(8001, "/parity"))["worker_class"]
    assert worker == "gunicorn.workers.gthread.ThreadWorker"


def test_a_profile_that_does_not_exist_is_named(stack: Stack) -> None:
    status, said = stack.make("up", ASGI_PROFILE="nonsense")

    assert status != 0
    assert "there is no profile 'nonsense': choose one of" in said
    assert "error: the stack did not start" in said


def test_down_leaves_nothing_behind(stack: Stack) -> None:
    assert stack.left()

    status, said = stack.make("down")

    assert status == 0, said
    assert stack.left() == ""
