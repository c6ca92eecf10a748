"""The table: every way in which the testbed serves the contract is one row.

Rule: this module imports the standard library and `budget` only, since the load tests
read it. Everything that a row does not set is the same for all; what differs is in `facts`,
and `differences` compares them with what a running worker reports.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from servers.budget import NOTHING, Budget, Dependencies

Placement = Literal["loop", "pools"]
Instruments = Literal["off", "on", "explain"]
Json = None | bool | int | float | str

ENVIRONMENT_PREFIX = "TESTBED_SERVER_"

# The longest request by contract, of calls in sequence, ends after 100 s: no worker is killed or
# cut off for being slow.
_TIMEOUT_S = 120
_GRACE_S = 10
_CONNECTIONS_PER_WORKER = 10_000
# Each gunicorn worker writes its heartbeat there; on a disk that write can stall it.
_SHARED_MEMORY = Path("/dev/shm")
_LOOP_CLASSES = {
    "asyncio": "asyncio.unix_events._UnixSelectorEventLoop",
    "uvloop": "uvloop.Loop",
}
# What asyncio asks for when nobody tells it, as gunicorn's ASGI worker does not.
_ASYNCIO_BACKLOG = 100


@dataclass(frozen=True, slots=True)
class Profile:
    """One row: a twin, a server, a concurrency model, a loop and a parser, each named."""

    name: str
    description: str
    twin: Literal["flask", "starlette"]
    server: Literal["gunicorn", "uvicorn"]
    worker_class: str
    """The class that serves, as the running worker names it."""
    worker: str = ""
    """gunicorn's short name of that class; empty for uvicorn."""
    loop: str = ""
    """The event loop's name on the command line; empty where there is none."""
    parser: str = "python"
    placement: Placement | Literal["worker"] = "loop"
    """Where blocking and computing requests run; "worker" where a worker has one at a time."""
    port: int = 8002

    def command(self, port: int, budget: Budget, host: str = "127.0.0.1") -> list[str]:
        """The arguments that start this profile on `host:port`, the interpreter first."""
        arguments = _gunicorn if self.server == "gunicorn" else _uvicorn
        return [sys.executable, "-m", *arguments(self, port, budget, host)]

    def environment(
        self,
        budget: Budget,
        instruments: Instruments = "on",
        ledgers: str | None = None,
        dependencies: Dependencies = NOTHING,
    ) -> dict[str, str]:
        """The variables to add to the server's environment.

        The workers write what they count into `ledgers`, a folder; without it nobody can read it.
        """
        workers = self.worker_processes(budget)
        told = {
            "threads": str(self.threads(budget)),
            "workers": str(workers),
            "profile": self.name,
            "instruments": instruments,
            "downstream_connections": str(budget.downstream_connections),
            # Together they may open so many, and each needs one.
            "database_connections": str(max(budget.database_connections // workers, 1)),
            "job_slots": str(budget.job_slots),
            "job_limit": str(budget.job_limit),
            **{name: where for name, where in asdict(dependencies).items() if where},
        }
        if self.twin == "starlette":
            told |= {"pool_processes": str(budget.pool_processes), "placement": self.placement}
        if ledgers is not None:
            told["ledgers"] = ledgers
        return {ENVIRONMENT_PREFIX + name.upper(): value for name, value in told.items()}

    def worker_processes(self, budget: Budget) -> int:
        """How many processes serve requests, beside supervisors and pool processes."""
        return budget.workers * (budget.slots if self.worker == "sync" else 1)

    def threads(self, budget: Budget) -> int:
        """How many threads of each worker process run blocking work."""
        threaded = self.twin == "starlette" or self.worker == "gthread"
        return budget.slots if threaded else 1

    def facts(self, budget: Budget) -> dict[str, Json]:
        """What `/parity` of each worker must report; other facts it reports are not compared."""
        capped = self.worker == "asgi"
        return {
            "profile": self.name,
            "server": self.server,
            "worker_class": self.worker_class,
            "loop": _LOOP_CLASSES.get(self.loop),
            "parser": self.parser,
            "backlog": _granted(_ASYNCIO_BACKLOG if capped else budget.backlog),
            "tcp_nodelay": True,
            "keepalive_s": 0 if self.worker == "sync" else budget.keepalive_s,
            "access_log": False,
            "proxy_headers": False,
            "monkey_patched": self.worker == "gevent",
            "workers": self.worker_processes(budget),
            "threads": self.threads(budget),
            "pool_processes": 0 if self.twin == "flask" else budget.pool_processes,
            "placement": self.placement,
        }


_on_gunicorn = partial(Profile, twin="flask", server="gunicorn", placement="worker", port=8001)
_on_uvicorn = partial(
    Profile, twin="starlette", server="uvicorn", worker_class="uvicorn.server.Server"
)

_ROWS = (
    _on_gunicorn(
        name="sync",
        description="one request per process, a new connection for each",
        worker="sync",
        worker_class="gunicorn.workers.sync.SyncWorker",
    ),
    _on_gunicorn(
        name="gthread",
        description="one request per thread",
        worker="gthread",
        worker_class="gunicorn.workers.gthread.ThreadWorker",
    ),
    _on_gunicorn(
        name="gevent",
        description="one request per greenlet: waiting calls are patched to yield",
        worker="gevent",
        worker_class="gunicorn.workers.ggevent.GeventWorker",
    ),
    _on_uvicorn(
        name="asgi",
        description="one event loop for all requests, in pure Python",
        loop="asyncio",
        parser="h11",
    ),
    _on_uvicorn(
        name="uvloop",
        description="one event loop for all requests, loop and parser in C",
        loop="uvloop",
        parser="httptools",
    ),
    _on_uvicorn(
        name="hybrid",
        description="the uvloop row, with blocking and computing work in pools",
        loop="uvloop",
        parser="httptools",
        placement="pools",
        port=8003,
    ),
    Profile(
        name="gunicorn-asgi",
        description="one event loop for all requests, in gunicorn's own ASGI worker",
        twin="starlette",
        server="gunicorn",
        worker="asgi",
        worker_class="gunicorn.workers.gasgi.ASGIWorker",
        loop="asyncio",
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({row.name: row for row in _ROWS})


def differences(declared: Mapping[str, Json], reported: Mapping[str, Json]) -> list[str]:
    """A sentence for each declared fact that the worker contradicts; none means parity.

    A fact reported as null contradicts nothing: `unverified` lists it.
    """
    return [
        f"{name} is {reported[name]!r} in the worker, but {wanted!r} is declared: "
        "start it with the profile's own command, or declare the difference in its row"
        for name, wanted in declared.items()
        if reported.get(name) is not None and reported[name] != wanted
    ]


def unverified(declared: Mapping[str, Json], reported: Mapping[str, Json]) -> list[str]:
    """The declared facts that the worker could not read on this platform, or does not report."""
    return [
        name
        for name, wanted in declared.items()
        if wanted is not None and reported.get(name) is None
    ]


def _gunicorn(profile: Profile, port: int, budget: Budget, host: str) -> list[str]:
    command = ["gunicorn", f"servers.{profile.twin}_app:create_app()"]
    command += ["--worker-class", profile.worker, "--bind", f"{host}:{port}"]
    command += ["--workers", str(profile.worker_processes(budget))]
    if profile.worker == "gthread":
        command += ["--threads", str(profile.threads(budget))]
    if profile.loop:
        command += ["--asgi-loop", profile.loop, "--asgi-lifespan", "on"]
    command += ["--http-parser", profile.parser, "--backlog", str(budget.backlog)]
    command += ["--keep-alive", str(budget.keepalive_s), "--timeout", str(_TIMEOUT_S)]
    command += ["--graceful-timeout", str(_GRACE_S), "--log-level", "warning"]
    command += ["--worker-connections", str(_CONNECTIONS_PER_WORKER)]
    # No proxy is trusted, and gunicorn logs no access unless asked.
    command += ["--forwarded-allow-ips", "", "--no-control-socket"]
    if _SHARED_MEMORY.is_dir():
        command += ["--worker-tmp-dir", str(_SHARED_MEMORY)]
    return command


def _uvicorn(profile: Profile, port: int, budget: Budget, host: str) -> list[str]:
    command = ["servers.uvicorn_launcher", f"servers.{profile.twin}_app:create_app", "--factory"]
    command += ["--host", host, "--port", str(port)]
    command += ["--workers", str(profile.worker_processes(budget))]
    command += ["--loop", profile.loop, "--lifespan", "on"]
    command += ["--http", profile.parser, "--backlog", str(budget.backlog)]
    command += ["--timeout-keep-alive", str(budget.keepalive_s)]
    command += ["--timeout-worker-healthcheck", str(_TIMEOUT_S)]
    command += ["--timeout-graceful-shutdown", str(_GRACE_S), "--log-level", "warning"]
    return [*command, "--no-proxy-headers", "--no-access-log"]


def _granted(backlog: int) -> int:
    # The kernel cuts what a server asks for to its own limit, without a word.
    limit = Path("/proc/sys/net/core/somaxconn")
    return min(backlog, int(limit.read_text())) if limit.exists() else backlog
