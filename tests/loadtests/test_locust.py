"""Locust as a person uses it: the locustfile by hand, its classes, web UI and statistics."""

from __future__ import annotations

import csv
import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.loadtests import mini
from tests.servers.live import Live, free_port, running

pytestmark = pytest.mark.slow
LOCUST = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py"]


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with running("uvloop") as live:
        yield live


def headless(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LOCUST, "--headless", "--only-summary", *arguments],
        cwd=mini.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def statistics(prefix: Path) -> dict[str, dict[str, str]]:
    with Path(f"{prefix}_stats.csv").open() as file:
        return {row["Name"]: row for row in csv.DictReader(file)}


def test_open_users_add_up_to_their_rates_beside_the_bystander(
    server: Live, tmp_path: Path
) -> None:
    ended = headless(
        *("-u", "51", "-r", "100", "-t", "4s", "--host", f"http://127.0.0.1:{server.port}"),
        *("--path", "/wait?ms=20", "--rate", "4", "--csv", str(tmp_path / "s")),
        *("OpenUser", "BystanderUser"),
    )

    assert ended.returncode == 0, ended.stderr
    found = statistics(tmp_path / "s")
    # 200/s for four seconds or a little less, spawning included: 800 with deviation 28.
    assert 550 <= int(found["/wait?ms=20"]["Request Count"]) <= 950
    assert int(found["/hello"]["Request Count"]) >= 5
    assert found["Aggregated"]["Failure Count"] == "0"
    assert 20.0 <= float(found["/wait?ms=20"]["50%"]) < 40.0


def test_answers_below_a_millisecond_are_not_rounded(server: Live, tmp_path: Path) -> None:
    ended = headless(
        *("-u", "1", "-t", "2s", "--host", f"http://127.0.0.1:{server.port}"),
        *("--path", "/hello", "--rate", "100", "--csv", str(tmp_path / "s"), "OpenUser"),
    )

    assert ended.returncode == 0, ended.stderr
    row = statistics(tmp_path / "s")["/hello"]
    assert 0.0 < float(row["50%"]) < 50.0
    assert float(row["50%"]) % 1 != 0


def test_closed_users_wait_for_their_answers_also_in_two_processes(
    server: Live, tmp_path: Path
) -> None:
    port = str(free_port())
    ended = headless(
        *("-u", "10", "-r", "10", "-t", "4s", "--host", f"http://127.0.0.1:{server.port}"),
        *("--path", "/wait?ms=50", "--think-time", "0.05", "--csv", str(tmp_path / "s")),
        *("--processes", "2", "--master-port", port, "--master-bind-port", port),
        *("--master-bind-host", "127.0.0.1", "ClosedUser"),
    )

    assert ended.returncode == 0, ended.stderr
    row = statistics(tmp_path / "s")["/wait?ms=50"]
    # Ten users, 100 ms a round: at most 100/s, whatever the server could do.
    assert 150 <= int(row["Request Count"]) <= 410
    assert row["Failure Count"] == "0"


def test_another_host_is_refused_with_what_to_say(tmp_path: Path) -> None:
    ended = headless(
        *("-u", "1", "-t", "3s", "--host", "http://192.0.2.1:8000"),
        *("--csv", str(tmp_path / "s"), "OpenUser"),
    )

    assert ended.returncode == 2
    assert "--allow-host 192.0.2.1" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert statistics(tmp_path / "s")["Aggregated"]["Request Count"] == "0"


def test_a_dead_server_gives_failures_and_no_latency(tmp_path: Path) -> None:
    ended = headless(
        *("-u", "2", "-t", "3s", "--host", f"http://127.0.0.1:{free_port()}"),
        *("--rate", "20", "--csv", str(tmp_path / "s"), "OpenUser"),
    )

    assert ended.returncode == 1
    row = statistics(tmp_path / "s")["Aggregated"]
    assert int(row["Request Count"]) == int(row["Failure Count"]) > 20
    assert float(row["Average Response Time"]) == 0.0


SHAPED = """
from locust import LoadTestShape
from loadtests.users import load, options

class Mine(load.OpenUser):
    requests = {"/wait?ms=5": 3.0, "/hello": 1.0}
    rate = 20.0

class Steps(LoadTestShape):
    def tick(self):
        at = self.get_run_time()
        return (2, 10) if at < 3 else (10, 10) if at < 6 else None
"""


def test_a_locustfile_of_ones_own_with_a_load_shape_drives_the_engine(
    server: Live, tmp_path: Path
) -> None:
    """Two users, then ten: 40/s, then 200/s; three in four ask for one path."""
    (tmp_path / "mine.py").write_text(SHAPED)

    ended = subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", str(tmp_path / "mine.py"), "--headless"),
            *("--only-summary", "--host", f"http://127.0.0.1:{server.port}"),
            *("--csv", str(tmp_path / "s"), "--csv-full-history"),
        ],
        cwd=mini.ROOT,
        env={**os.environ, "PYTHONPATH": str(mini.ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    found = statistics(tmp_path / "s")
    total = int(found["Aggregated"]["Request Count"])
    assert 400 <= total <= 900
    assert int(found["/wait?ms=5"]["Request Count"]) / total == pytest.approx(0.75, abs=0.08)
    with (tmp_path / "s_stats_history.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["Name"] == "Aggregated"]
    # Two seconds on, both users of the first step have sent, and the second has not begun.
    first = max(int(r["Total Request Count"]) for r in rows if r["User Count"] == "2")
    assert first < total / 2


def ask(port: int, method: str, path: str, form: dict[str, Any] | None = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = urllib.parse.urlencode(form, doseq=True) if form else None
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    try:
        connection.request(method, path, body, headers)
        return json.loads(connection.getresponse().read())
    except (OSError, ValueError):
        return None
    finally:
        connection.close()


def test_the_web_ui_starts_and_stops_a_load_and_shows_it(server: Live) -> None:
    web = free_port()
    argv = [*LOCUST, "--web-host", "127.0.0.1", "--web-port", str(web), "--class-picker"]
    argv += ["--host", f"http://127.0.0.1:{server.port}", "--path", "/wait?ms=10"]
    with subprocess.Popen(
        argv,
        cwd=mini.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            mini.eventually(lambda: ask(web, "GET", "/stats/requests"))
            started = ask(
                web,
                "POST",
                "/swarm",
                {"user_count": 5, "spawn_rate": 5, "rate": 20, "user_classes": ["OpenUser"]},
            )
            assert started["success"], started

            def enough() -> Any:
                found = ask(web, "GET", "/stats/requests")
                rows = {row["name"]: row for row in found["stats"]} if found else {}
                row = rows.get("/wait?ms=10")
                return row if row and row["num_requests"] > 100 else None

            row = mini.eventually(enough)
            assert row["num_failures"] == 0
            assert 10.0 <= row["median_response_time"] < 100.0
            assert ask(web, "POST", "/stop")["success"]
            mini.eventually(
                lambda: (ask(web, "GET", "/stats/requests") or {}).get("state") == "stopped"
            )
            counted = ask(web, "GET", "/stats/requests")["total_rps"]
            assert counted > 0
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) is not None


# With uvloop missing the engine runs on asyncio's own loop, in a process that gevent has patched.
WITHOUT_UVLOOP = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "uvloop" else find(name, *a)
sys.argv = ["locust", *sys.argv[1:]]
from locust.main import main
main()
"""


def test_without_uvloop_the_engine_runs_on_asyncio(server: Live, tmp_path: Path) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-c", WITHOUT_UVLOOP, "-f", "loadtests/locustfile.py", "--headless"),
            *("-u", "4", "-r", "4", "-t", "3s", "--host", f"http://127.0.0.1:{server.port}"),
            *("--path", "/wait?ms=20", "--rate", "25", "--csv", str(tmp_path / "s"), "OpenUser"),
        ],
        cwd=mini.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    row = statistics(tmp_path / "s")["/wait?ms=20"]
    assert int(row["Request Count"]) > 150
    assert row["Failure Count"] == "0"
