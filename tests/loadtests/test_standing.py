"""An experiment against servers that run already: measured, and left as they were."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loadtests import experiment as experiments
from loadtests import results
from loadtests.experiment_errors import ExperimentError
from loadtests.records import ServerRecord
from servers.budget import Budget
from tests.loadtests import mini
from tests.servers.live import Live, ask, free_port, running, together
from tests.servers.stack import Stack, exported

pytestmark = pytest.mark.slow

STANDING = """
[standing]
exporter = "127.0.0.1:9100"
ledgers = "ledgers"
[standing.servers]
"""


@dataclass(frozen=True)
class Up:
    """Servers that run, and their exporter."""

    servers: dict[str, Live]
    stack: Stack


@dataclass(frozen=True)
class Stood(Up):
    """The same, and a run against them."""

    out: Path


def against(stack: Stack, *ports: int) -> list[str]:
    urls = ",".join(f"http://127.0.0.1:{port}" for port in ports)
    exporter = f"http://127.0.0.1:{stack.port}"
    return ["--against", urls, "--exporter", exporter, "--ledgers", str(stack.folder)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with exported(tmp_path_factory.mktemp("up") / "ledgers") as stack:
        names = ("sync", "uvloop", "hybrid")
        starting = {name: running(name, Budget(), ledgers=stack.folder) for name in names}
        with together(starting) as servers:
            yield Up(servers, stack)


@pytest.fixture(scope="module")
def stood(up: Up, tmp_path_factory: pytest.TempPathFactory) -> Stood:
    folder = tmp_path_factory.mktemp("standing")
    # The experiment is about one that does not run, and not about one that does.
    file = mini.experiment(
        folder / "mini.toml", ("gthread", "sync", "uvloop"), capture=10, retries=3
    )
    ports = [live.port for live in up.servers.values()]
    out = folder / "out"
    code, _, err = mini.run("run", file, *against(up.stack, *ports), "--output", out)
    assert code == 0, err
    return Stood(up.servers, up.stack, out)


def summary_of(stood: Stood) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((stood.out / "summary.json").read_text())
    return found


@pytest.mark.alone
def test_the_profiles_that_run_are_measured_as_ever(stood: Stood) -> None:
    """Of a profile its last attempt counts: a busy host may spoil one, not four."""
    last = {trial["profile"]: trial for trial in summary_of(stood)["trials"]}
    trials = [last[name] for name in sorted(last)]

    assert [trial["profile"] for trial in trials] == ["sync", "uvloop"]
    assert [len(trial["workers"]) for trial in trials] == [4, 1]
    for trial in trials:
        assert trial["valid"], trial["reasons"]
        assert trial["latency_ms"]["p50"] > 18
        assert trial["split"] is not None
        assert trial["server_side"] is not None
        assert len(trial["courses"]) == 10
        assert trial["warnings"][0]["code"] == "standing"


@pytest.mark.alone
def test_what_was_there_before_is_recorded_and_stays(stood: Stood) -> None:
    for folder in results.existing(stood.out).saved():
        record = ServerRecord.model_validate_json(folder.server.read_bytes())
        live = stood.servers[record.profile]

        assert record.standing
        assert not record.pinned
        assert record.command == (f"http://127.0.0.1:{live.port}",)
        assert record.usage[-1].cpu_s > record.usage[0].cpu_s
        assert record.usage[-1].rss_bytes > 10e6
        assert record.lost_workers == ()
        assert live.facts()["pid"] in {fact["pid"] for fact in record.facts}
    assert list(stood.stack.folder.glob("*.ledger"))


@pytest.mark.alone
def test_only_one_profile_is_in_the_scrapes_of_a_trial(stood: Stood) -> None:
    for folder in results.existing(stood.out).saved():
        profile = folder.path.name.partition("-")[2]
        text = gzip.decompress(folder.metrics.read_bytes()).decode()
        others = {"sync", "uvloop", "hybrid"} - {profile}
        assert f'profile=\\"{profile}\\"' in text
        assert not any(f'profile=\\"{other}\\"' in text for other in others)
        # The load generator's own metrics are in the common folder, where Prometheus finds them.
        assert "testbed_client_scheduled_requests_total{" in text


@pytest.mark.parametrize(
    ("budget", "refused", "reason"),
    [
        ("[budget]\nslots = 3\n", 1, "workers is 4 in the worker, but 3 is declared"),
        ("explain = true\n", 2, "explain must be false"),
    ],
)
def test_what_does_not_fit_the_running_servers_is_refused(
    budget: str, refused: int, reason: str, up: Up, tmp_path: Path
) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ("sync",))
    text = file.read_text()
    # A key stands before the tables, a table behind them.
    file.write_text(f"{text}\n{budget}" if budget.startswith("[") else f"{budget}{text}")
    port = up.servers["sync"].port

    code, _, err = mini.run("run", file, *against(up.stack, port), "--output", tmp_path / "out")

    assert code == refused
    assert reason in err
    assert "Traceback" not in err
    assert ask(port, "GET", "/hello", {}).status == 200


def test_servers_that_cannot_be_meant_are_refused(up: Up, tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ("sync",))
    sync, hybrid = up.servers["sync"].port, up.servers["hybrid"].port
    nobody = free_port()
    for ports, reason in (
        ((nobody,), f"http://127.0.0.1:{nobody} does not answer as a server of the testbed"),
        ((up.stack.port,), "does not answer as a server of the testbed"),
        ((sync, sync), "are both of profile sync"),
        ((hybrid,), "the servers that run are of hybrid, the experiment is about sync"),
    ):
        arguments = against(up.stack, *ports)
        code, _, err = mini.run("run", file, *arguments, "--output", tmp_path / "out")
        assert code == 2, err
        assert reason in err
        assert "Traceback" not in err


def test_an_exporter_that_is_gone_ends_the_run(up: Up, tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ("sync",))
    dead = Stack(up.stack.folder, free_port(), 0)
    port = up.servers["sync"].port

    code, _, err = mini.run("run", file, *against(dead, port), "--output", tmp_path / "out")

    assert code == 1
    assert f"the exporter at 127.0.0.1:{dead.port} does not answer" in err


def test_no_load_goes_to_another_machine(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ("sync",))

    code, _, err = mini.run("run", file, "--against", "http://192.0.2.1:80")

    assert code == 2
    assert "192.0.2.1 is not this machine" in err


@pytest.mark.alone
def test_a_run_against_servers_says_so_in_its_file(stood: Stood) -> None:
    saved = experiments.parse((stood.out / "experiment.toml").read_text())

    assert saved.standing is not None
    assert set(saved.standing.servers) == {"sync", "uvloop", "hybrid"}
    assert saved.profiles == ("sync", "uvloop")


def test_a_workload_of_other_profiles_only_is_left_out(tmp_path: Path) -> None:
    text = mini.experiment(tmp_path / "mini.toml", ("sync", "uvloop")).read_text()
    text += '\n[[workloads]]\nname = "aside"\nprofiles = ["uvloop"]\n'
    text += 'requests = [{ path = "/hello" }]\n'

    narrowed = experiments.parse(text + STANDING + 'sync = "127.0.0.1:1"\n')

    assert [workload.name for workload in narrowed.workloads] == ["wait"]
    with pytest.raises(ExperimentError, match="the servers that run are of nobody"):
        experiments.parse(text + STANDING + 'nobody = "127.0.0.1:1"\n')


@pytest.mark.alone
def test_a_run_that_is_resumed_goes_on_against_its_own_servers(stood: Stood) -> None:
    arguments = ("--against", "http://127.0.0.1:1")

    code, _, err = mini.run("run", "--resume", stood.out, *arguments)

    assert code == 2
    assert "--against is for a new run" in err
