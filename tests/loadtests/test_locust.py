"""Locust as a person uses it: the locustfile by hand, its classes, web UI and statistics."""

from __future__ import annotations

import csv
import http.client
import json
import math
import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.ledger import Reader
from tests.loadtests import mini
from tests.loadtests.stub import OK, noting, serving_aside
from tests.servers.live import Live, free_port, running

pytestmark = [pytest.mark.slow, pytest.mark.runs]
LOCUSTFILE = mini.ROOT / "loadtests" / "locustfile.py"
LOCUST = [sys.executable, "-m", "locust", "-f"]


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with running("uvloop") as live:
        # Its time begins before its users do. The first Locust of a machine reads it from the disk.
        headless("-u", "1", "-t", "1s", "--host", f"http://127.0.0.1:{live.port}", "OpenUser")
        yield live


def headless(*arguments: str, locustfile: Path = LOCUSTFILE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LOCUST, str(locustfile), "--headless", "--only-summary", *arguments],
        cwd=mini.ROOT,
        env={**os.environ, "PYTHONPATH": str(mini.ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def statistics(prefix: Path) -> dict[str, dict[str, str]]:
    with Path(f"{prefix}_stats.csv").open() as file:
        return {row["Name"]: row for row in csv.DictReader(file)}


def sent_at(rate: float, prefix: Path, users: int) -> bool:
    """Whether the history has this rate, in requests/s, from when all users were there.

    Its times are whole seconds, so that as many seconds lie between two of them to within one; of
    what a Poisson process sends meanwhile three standard deviations are allowed.
    """
    with Path(f"{prefix}_stats_history.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if int(row["User Count"]) == users]
    (begin_s, before), *_, (end_s, after) = [
        (int(row["Timestamp"]), int(row["Total Request Count"])) for row in rows
    ]
    assert end_s - begin_s >= 2, rows
    least, most = (rate * (end_s - begin_s + edge) for edge in (-1, 1))
    return least - 3 * math.sqrt(least) <= after - before <= most + 3 * math.sqrt(most)


def test_open_users_add_up_to_their_rates_beside_the_bystander(
    server: Live, tmp_path: Path
) -> None:
    ended = headless(
        *("-u", "51", "-r", "100", "-t", "6s", "--host", f"http://127.0.0.1:{server.port}"),
        *("--path", "/wait?ms=20", "--rate", "4", "--csv", str(tmp_path / "s")),
        *("OpenUser", "BystanderUser"),
    )

    assert ended.returncode == 0, ended.stderr
    found = statistics(tmp_path / "s")
    assert int(found["/wait?ms=20"]["Request Count"]) <= 1_310
    # However late they began. The bystander sends five more.
    assert sent_at(205.0, tmp_path / "s", users=51)
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


def ledger_of(path: Path) -> dict[tuple[str, ...], tuple[float, ...]]:
    """The numbers of a ledger by the short name and the labels but the generator."""
    reader = Reader(path)
    found = {}
    for series in reader.series():
        own = [value for label, value in series.labels.items() if label != "generator"]
        found[(series.name.removeprefix("testbed_client_"), *own)] = series.cells
    reader.close()
    return found


def test_what_users_do_is_counted_in_a_ledger_with_the_bystander_apart(
    server: Live, tmp_path: Path
) -> None:
    ended = headless(
        *("-u", "11", "-r", "100", "-t", "3s", "--host", f"http://127.0.0.1:{server.port}"),
        *("--path", "/hello", "--rate", "10", "--csv", str(tmp_path / "s"), "--profile", "mine"),
        *("--ledgers", str(tmp_path / "ledgers"), "OpenUser", "BystanderUser"),
    )

    assert ended.returncode == 0, ended.stderr
    (path,) = (tmp_path / "ledgers").iterdir()
    found = ledger_of(path)
    counts = {
        stream: int(found["requests_total", "mine", stream, "/hello", "completed"][0])
        for stream in ("load", "bystander")
    }
    total = int(statistics(tmp_path / "s")["/hello"]["Request Count"])
    assert counts["load"] + counts["bystander"] == total
    assert counts["load"] > 5 * counts["bystander"] > 0
    assert list(found["scheduled_requests_total", "mine"]) == [total]
    assert list(found["in_flight_requests", "mine"]) == [0.0]
    *buckets, total_s = found["latency_seconds", "mine", "bystander", "/hello"]
    assert sum(buckets) == counts["bystander"]
    assert 0.0 < total_s < 0.5 * counts["bystander"]


def test_several_hosts_get_the_same_load_at_once_and_a_ledger_each(
    server: Live, tmp_path: Path
) -> None:
    with running("gthread") as other:
        ended = headless(
            *("-u", "10", "-r", "100", "-t", "6s", "--path", "/hello", "--rate", "10"),
            *("--host", f"http://127.0.0.1:{server.port}, http://127.0.0.1:{other.port}"),
            *("--csv", str(tmp_path / "s"), "--ledgers", str(tmp_path / "ledgers"), "OpenUser"),
        )

    assert ended.returncode == 0, ended.stderr
    shown = statistics(tmp_path / "s")
    assert sent_at(200.0, tmp_path / "s", users=10)
    ledgers = [ledger_of(path) for path in sorted((tmp_path / "ledgers").iterdir())]
    assert len(ledgers) == 2
    for name in ("uvloop", "gthread"):
        (mine,) = [found for found in ledgers if ("scheduled_requests_total", name) in found]
        counted = mine["requests_total", name, "load", "/hello", "completed"][0]
        # 100/s for six seconds or less, for their time begins before they do.
        assert 200 <= counted <= 680
        assert counted == int(shown[f"{name} /hello"]["Request Count"])


@pytest.mark.parametrize(("limit", "least", "most"), [("0", 0.0, 0.0), ("30", 0.12, 0.5)])
def test_users_ask_for_the_split_of_so_many_requests_a_second(
    tmp_path: Path, limit: str, least: float, most: float
) -> None:
    """Five users of 20/s: of 100 a second about 30 are asked, more while they are spawned."""
    heads: list[bytes] = []
    with serving_aside(noting(heads, OK)) as port:
        ended = headless(
            *("-u", "5", "-r", "5", "-t", "4s", "--host", f"http://127.0.0.1:{port}"),
            *("--path", "/hello", "--rate", "20", "--stamped-rps", limit, "OpenUser"),
        )

    assert ended.returncode == 0, ended.stderr
    assert len(heads) > 150
    stamped = sum(b"X-Request-Start: t=" in head for head in heads)
    assert least <= stamped / len(heads) <= most


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

    ended = headless(
        *("--host", f"http://127.0.0.1:{server.port}"),
        *("--csv", str(tmp_path / "s"), "--csv-full-history"),
        locustfile=tmp_path / "mine.py",
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


SLOW = """
import time
from loadtests.users import options
from loadtests.users.load import OpenUser

# As what computes does, and no greenlet.
end_s = time.monotonic() + 3
while time.monotonic() < end_s:
    pass
"""


def test_a_run_has_all_of_its_time_however_long_the_imports_take(
    server: Live, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)

    ended = headless(
        *("-u", "1", "-t", "3s", "--host", f"http://127.0.0.1:{server.port}", "--rate", "50"),
        *("--csv", str(tmp_path / "s")),
        locustfile=tmp_path / "slow.py",
    )

    assert ended.returncode == 0, ended.stderr
    assert 90 <= int(statistics(tmp_path / "s")["Aggregated"]["Request Count"]) <= 190


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


def ended_requests(ledger: Path) -> float:
    """Requests whose fate a ledger knows."""
    found = ledger_of(ledger)
    return sum(cells[0] for (name, *_), cells in found.items() if name == "requests_total")


def fields(port: int) -> set[str]:
    """The names of the fields that the page shows beside Locust's own."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        page = answer.read().decode()
    given = re.search(r"window.templateArgs = (\{.*\})", page)
    assert given is not None
    return set(json.loads(given[1])["extra_options"])


def test_the_web_ui_starts_and_stops_a_load_and_shows_it(server: Live, tmp_path: Path) -> None:
    web = free_port()
    argv = [
        *LOCUST,
        str(LOCUSTFILE),
        "--web-host",
        "127.0.0.1",
        "--web-port",
        str(web),
        "--class-picker",
    ]
    argv += ["--host", f"http://127.0.0.1:{server.port}", "--path", "/wait?ms=10"]
    argv += ["--ledgers", str(tmp_path)]
    with subprocess.Popen(
        argv,
        cwd=mini.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            mini.eventually(lambda: ask(web, "GET", "/stats/requests"))
            assert {"path", "rate", "arrivals", "think_time"} <= fields(web)
            assert not {"allow_host", "ledgers"} & fields(web)
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
            (path,) = tmp_path.iterdir()
            once = ended_requests(path)
            assert once >= 100

            # The same process goes on counting where it was.
            again = {"user_count": 5, "spawn_rate": 5, "user_classes": ["OpenUser"]}
            assert ask(web, "POST", "/swarm", again)["success"]
            mini.eventually(lambda: ended_requests(path) > once + 50)
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
            *("-u", "4", "-r", "4", "-t", "5s", "--host", f"http://127.0.0.1:{server.port}"),
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
    assert sent_at(100.0, tmp_path / "s", users=4)
    assert row["Failure Count"] == "0"
