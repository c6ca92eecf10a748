"""Real processes: what they inherit, and how they end."""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

import psutil
import pytest

from loadtests.run.child import RunningChild
from loadtests.run.host import HostError, require_open_files
from loadtests.run.world import RealWorld
from tests.loadtests import mini

PRINT_ENVIRONMENT = "import os, json; print(json.dumps(dict(os.environ)))"
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def ended(argv: list[str], log: Path, **env: str) -> str:
    child = RunningChild(argv, env, log)
    mini.eventually(lambda: child.poll() is not None)
    child.stop(1.0)
    return log.read_text()


def test_stray_variables_of_the_users_shell_do_not_reach_what_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = ("GUNICORN_CMD_ARGS", "UVICORN_LOOP", "WEB_CONCURRENCY", "PYTHONASYNCIODEBUG", "PGHOST")
    for name in (*stray, "LOCUST_USERS", "TESTBED_SERVER_THREADS", "FLASK_DEBUG"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("KEPT", "1")

    seen = ended([sys.executable, "-c", PRINT_ENVIRONMENT], tmp_path / "log", TESTBED_PLAN="mine")

    assert not [name for name in stray if f'"{name}"' in seen]
    for gone in ("LOCUST_USERS", "TESTBED_SERVER_THREADS", "FLASK_DEBUG"):
        assert f'"{gone}"' not in seen
    assert '"KEPT": "1"' in seen
    assert '"TESTBED_PLAN": "mine"' in seen


@pytest.mark.slow
def test_a_stubborn_process_is_ended_with_its_children(tmp_path: Path) -> None:
    child = RunningChild([sys.executable, "-c", STUBBORN], {}, tmp_path / "log")
    grandchild = int(mini.eventually(lambda: (tmp_path / "log").read_text().strip()))

    child.stop(0.2)

    assert child.poll() == -signal.SIGKILL
    mini.eventually(lambda: not psutil.pid_exists(grandchild) or _zombie(grandchild))


def _zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux can pin processes")
def test_a_child_is_pinned_and_its_parent_is_not(tmp_path: Path) -> None:
    mine = os.sched_getaffinity(0)
    one = frozenset({min(mine)})
    tell = "import os; print(sorted(os.sched_getaffinity(0)))"

    child = RealWorld().start([sys.executable, "-c", tell], {}, tmp_path / "log", one)
    mini.eventually(lambda: child.poll() is not None)
    child.stop(1.0)

    assert (tmp_path / "log").read_text().strip() == str(sorted(one))
    assert os.sched_getaffinity(0) == mine


def test_an_interrupted_world_starts_and_sleeps_no_more(tmp_path: Path) -> None:
    world = RealWorld()
    world.sleep(0.0)

    world.interrupt()

    with pytest.raises(KeyboardInterrupt):
        world.sleep(10.0)
    with pytest.raises(KeyboardInterrupt):
        world.start([sys.executable, "-c", ""], {}, tmp_path / "log", None)


def test_cpu_time_is_told_finer_than_the_clock_ticks(tmp_path: Path) -> None:
    """Of a process that has lost no thread: what those have used is told in ticks only."""
    log = tmp_path / "log"
    argv = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]
    child = RunningChild(argv, {}, log)
    try:
        assert mini.eventually(log.read_text) == "ready\n"
        usage = RealWorld().usage(child.pid)
    finally:
        child.stop(5.0)

    assert usage.cpu_s[child.pid] > 0.0
    assert usage.rss_bytes > 2**20
    if sys.platform == "linux":
        assert usage.cpu_s[child.pid] * 100 % 1 != 0.0


def test_the_limit_of_open_files_is_raised_as_far_as_it_may() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        require_open_files(512)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 512
        require_open_files(300)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 512
        if before[1] != resource.RLIM_INFINITY:
            with pytest.raises(HostError, match="too few file descriptors"):
                require_open_files(before[1] + 1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
