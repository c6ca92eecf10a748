"""The machine that a run was born on: what it is, and what it can do."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import math
import os
import platform
import resource
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import psutil

from loadtests.experiment import Experiment
from loadtests.results import RESULTS
from loadtests.run.child import ROOT
from loadtests.workload import ClosedLoad, OpenLoad

BENCH = ROOT / RESULTS / "bench.json"
OBSERVER = "observer.throughput_ratio."
OBSERVER_HOST = "observer.host"
PACKAGES = (
    "flask",
    "gunicorn",
    "gevent",
    "starlette",
    "uvicorn",
    "anyio",
    "uvloop",
    "httptools",
    "httpx2",
    "h11",
    "psycopg",
    "psycopg-pool",
    "locust",
    "numpy",
    "pyarrow",
)
SYSCTLS = ("net/core/somaxconn", "net/ipv4/tcp_max_syn_backlog", "net/ipv4/tcp_tw_reuse")


class HostError(Exception):
    """The machine cannot do what was asked: what is missing, and the remedy."""


def environment() -> dict[str, Any]:
    """What a result must carry to be comparable: machine, kernel, Python, packages, commit."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": len(usable_cpus() or ()) or os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 2**20),
        "load_average": list(os.getloadavg()),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "packages": {name: _version(name) for name in PACKAGES},
        "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "sysctl": {name.replace("/", "."): _sysctl(name) for name in SYSCTLS},
        "commit": _commit(),
        "observer": _observer(),
    }


def usable_cpus() -> frozenset[int] | None:
    """The processors that this process may use; None where the platform cannot tell (macOS)."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return frozenset(os.sched_getaffinity(0))


def split_cpus(generators: int = 1) -> tuple[frozenset[int] | None, frozenset[int] | None]:
    """Disjoint processors: one for the server, one for each generator as far as there are any.

    None for no pinning.

    Every profile gets one, however many processes it has: what is compared is what each does
    with the same processor.
    """
    cpus = sorted(usable_cpus() or ())
    if len(cpus) < 2:
        return None, None
    return frozenset(cpus[:1]), frozenset(cpus[1:][-generators:])


def beside_cpus(generators: int = 1) -> frozenset[int] | None:
    """Processors for what the server calls on: never the server's, and those of the generators
    only where there are no others. None for no pinning.
    """
    server, loading = split_cpus(generators)
    if server is None or loading is None:
        return None
    return ((usable_cpus() or frozenset()) - server - loading) or loading


def connections_at_most(experiment: Experiment) -> int:
    """How many connections any load of an experiment can have open at once.

    A closed user has one. Open arrivals that nobody answers go on until they are dropped; of a
    bystander's there are hardly ever twice as many as are expected.
    """
    opened = any(isinstance(load, OpenLoad) for load in experiment.loads)
    if opened or experiment.capacity is not None:
        return experiment.max_in_flight
    users = max(load.users for load in experiment.loads if isinstance(load, ClosedLoad))
    seconds = experiment.warmup_s + max(map(experiment.window_s, experiment.loads))
    beside = 2 * seconds * experiment.bystander.rate if experiment.bystander else 0.0
    return min(experiment.max_in_flight, users + math.ceil(beside))


def require_open_files(needed: int) -> None:
    """Raise the soft limit of open files to what is needed. Raises HostError where it cannot."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        message = (
            f"too few file descriptors: the limit is {hard}, this experiment may need {needed}; "
            f"raise it (ulimit -n {needed}) or lower max_in_flight in the experiment"
        )
        raise HostError(message)
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        message = f"{package} is not installed: install what the lock names (make demo does)"
        raise HostError(message) from None


def _cpu_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _sysctl(name: str) -> str | None:
    try:
        return Path("/proc/sys", name).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _observer() -> dict[str, Any]:
    """What the instruments cost when that was last measured, by `<profile>.<full or sampled>`.

    `host` is the machine on which it was, where that is known.
    """
    try:
        figures = json.loads(BENCH.read_text(encoding="utf-8"))
        found = {
            name.removeprefix(OBSERVER): figure
            for name, figure in figures.items()
            if name.startswith(OBSERVER)
        }
        where = {"host": figures[OBSERVER_HOST]} if found and OBSERVER_HOST in figures else {}
    except (OSError, ValueError, AttributeError):
        return {}
    return found | where


def _commit() -> str | None:
    """The commit of the working tree, with `+` where it was changed; None outside a checkout."""
    here = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
