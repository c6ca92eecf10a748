"""The server object that runs in this process, asked what it was really told to do.

Rule: a server that is not loaded cannot be the one that runs, so none is imported here.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

Facts = dict[str, object]


def of_uvicorn() -> Facts:
    """The facts of the uvicorn server that runs here; empty if none does."""
    server = _living("uvicorn.server", "Server", lambda one: one.started)
    if server is None:
        return {}
    config, connections = server.config, server.server_state.connections
    parsers = {type(one).__module__.rpartition(".")[2] for one in connections}
    return {
        "server": "uvicorn",
        "server_version": sys.modules["uvicorn"].__version__,
        "worker_class": class_name(server),
        "parser": _only({name.removesuffix("_impl") for name in parsers}),
        "keepalive_s": _only({one.timeout_keep_alive for one in connections}),
        "access_log": any(one.access_log for one in connections),
        "proxy_headers": type(config.loaded_app).__name__ == "ProxyHeadersMiddleware",
        "workers": config.workers,
    }


def of_gunicorn() -> Facts:
    """The facts of the gunicorn worker that runs here; empty if none does."""
    worker = gunicorn_worker()
    if worker is None:
        return {}
    return {
        "server": "gunicorn",
        "server_version": sys.modules["gunicorn"].__version__,
        "worker_class": class_name(worker),
        "parser": _gunicorn_parser(worker),
        "keepalive_s": _gunicorn_keepalive(worker),
        "access_log": worker.log.access_log_enabled,
        "proxy_headers": bool(worker.cfg.forwarded_allow_ips),
        "workers": worker.cfg.workers,
        "threads": getattr(getattr(worker, "tpool", None), "_max_workers", 1),
    }


def gunicorn_worker() -> Any:
    """The gunicorn worker that runs here; None if none does, or not yet."""
    # A forked worker also holds its elder siblings' objects; only its own has booted.
    return _living("gunicorn.workers.base", "Worker", lambda one: one.booted)


def class_name(instance: object) -> str:
    """The module and name of an object's class, as its own module knows it."""
    kind = type(instance)
    return f"{kind.__module__}.{kind.__qualname__}"


def _gunicorn_parser(worker: Any) -> str:
    protocols = sys.modules.get("gunicorn.asgi.protocol")
    if protocols and hasattr(worker, "asgi"):
        alive = _all_living(protocols.ASGIProtocol)
        pure = all(type(one._callback_parser) is protocols.PythonProtocol for one in alive)
        return "python" if pure else "gunicorn_h1c"
    # The question that gunicorn's parser asks itself for every request.
    fast = sys.modules["gunicorn.http.message"]._check_fast_parser(worker.cfg)
    return "gunicorn_h1c" if fast else "python"


def _gunicorn_keepalive(worker: Any) -> int:
    # The sync worker closes after every answer, whatever it was told.
    never = type(worker).__module__ == "gunicorn.workers.sync"
    full = getattr(worker, "max_keepalived", 1) <= 0
    return 0 if never or full else int(worker.cfg.keepalive)


def _living(module: str, kind: str, chosen: Any) -> Any:
    loaded = sys.modules.get(module)
    found = _all_living(getattr(loaded, kind)) if loaded else []
    return next(filter(chosen, found), None)


def _all_living(kind: type) -> list[Any]:
    # By type(), for isinstance() asks proxies, and they may answer for something else.
    return [one for one in gc.get_objects() if issubclass(type(one), kind)]


def _only(values: set[Any]) -> Any:
    return values.pop() if len(values) == 1 else sorted(values, key=str) or None
