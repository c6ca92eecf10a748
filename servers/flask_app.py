"""The synchronous twin: Flask, for WSGI servers.

Read it beside `starlette_app`: the same functions in the same order, and the difference
between the two files is the difference between the two models. Here a
worker (a process, a thread or a greenlet) belongs to one request until it is answered, so
there is no loop to protect. What each endpoint means is in the contract.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from servers import contract, problems
from servers.calling.threaded import calls_of
from servers.contract import AT, ENDPOINTS, Problem
from servers.database_sync import Database, read, update
from servers.gone import Gone
from servers.instruments.wsgi import measured, meter_of
from servers.jobs.in_threads import JobThreads
from servers.parity import facts
from servers.received import Received
from servers.settings import Settings
from servers.work import block, compute
from servers.wsgi_body import Unanswered, leave_unread, pieces

HELLO = contract.render({"message": "hello"})
HEALTHY = contract.render({"status": "ok"})
NO_POOLS = {"pool_processes": 0, "placement": "worker"}


def create_app(settings: Settings | None = None) -> Flask:
    """The application; without `settings` they come from the environment."""
    app = Flask("servers", static_folder=None)
    app.config["SETTINGS"] = settings or Settings.from_environment()
    app.config["DATABASE"] = Database(app.config["SETTINGS"])
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for endpoint in ENDPOINTS.values():
        app.add_url_rule(
            endpoint.path.replace("{", "<").replace("}", ">"),
            endpoint.name,
            view_func=globals()[endpoint.name],
            methods=[endpoint.method],
            provide_automatic_options=False,
        )
    app.url_map.merge_slashes = False
    app.register_error_handler(404, on_missing)
    app.register_error_handler(405, on_method)
    app.register_error_handler(Problem, on_problem)
    app.register_error_handler(Gone, on_gone)
    app.register_error_handler(500, on_failure)
    app.wsgi_app = measured(  # type: ignore[method-assign,assignment]
        app.wsgi_app, app.config["SETTINGS"], app.config["DATABASE"]
    )
    app.config["JOBS"] = JobThreads(app.config["SETTINGS"], meter_of(app.wsgi_app))
    return app


def hello() -> Response:
    arguments("/hello")
    return answer(HELLO)


def wait() -> Response:
    ms = arguments("/wait")["ms"]
    time.sleep(ms / 1000)
    return answer(contract.render({"ms": ms}))


def cpu() -> Response:
    units = arguments("/cpu")["units"]
    digest = compute(units)
    return answer(contract.render({"units": units, "digest": digest}))


def blocking() -> Response:
    ms = arguments("/blocking")["ms"]
    block(ms)
    return answer(contract.render({"ms": ms}))


def offload() -> Response:
    ms = arguments("/offload")["ms"]
    block(ms)
    return answer(contract.render({"ms": ms}))


def cpu_offload() -> Response:
    units = arguments("/cpu-offload")["units"]
    digest = compute(units)
    return answer(contract.render({"units": units, "digest": digest}))


def downstream() -> Response:
    asked = arguments("/downstream")
    calls, ms = asked["calls"], asked["ms"]
    calls_of(current_app, settings()).make(calls, ms, asked["threads"])
    return answer(contract.render({"calls": calls, "ms": ms}))


def stream() -> Response:
    asked = arguments("/stream")
    return streamed(ticks(asked["events"], asked["interval_ms"], asked["bytes"]))


def upload() -> Response:
    arguments("/upload")
    received = Received()
    for piece in pieces(request.environ):
        received.add(piece)
    return answer(received.answer())


def accept_job() -> Response:
    work = arguments("/jobs")
    accepted = jobs_of().accept(work["ms"], work["units"])
    body = contract.render({"id": accepted.id, "state": accepted.state})
    return answer(body, 202, {"Location": f"/jobs/{accepted.id}"})


def jobs() -> Response:
    arguments("/jobs")
    counts, newest = jobs_of().overview()
    listed = [asdict(one) for one in newest]
    return answer(contract.render(asdict(counts) | {"jobs": listed}))


def job(**named: str) -> Response:
    arguments("/jobs/{id}")
    found = jobs_of().find(named["id"])
    return answer(contract.render(asdict(found)))


def db() -> Response:
    asked = arguments("/db")
    with database().connected() as connection:
        rows = read(connection, asked)
    return answer(contract.render({"queries": asked["queries"], "rows": rows}))


def update_db() -> Response:
    asked = arguments("/db")
    with database().connected() as connection:
        rows = update(connection, asked)
    return answer(contract.render({"queries": asked["queries"], "rows": rows}))


def healthz() -> Response:
    arguments("/healthz")
    return answer(HEALTHY)


def parity() -> Response:
    arguments("/parity")
    return answer(contract.render(facts(NO_POOLS, settings().profile)))


def settings() -> Settings:
    """What this worker was told."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def jobs_of() -> JobThreads:
    """The jobs that this worker accepts and runs."""
    found: JobThreads = current_app.config["JOBS"]
    return found


def database() -> Database:
    """The connections of this worker."""
    found: Database = current_app.config["DATABASE"]
    return found


def arguments(path: str) -> Mapping[str, int]:
    """The numbers asked for; a `Problem` 404, 413 or 422 is raised in this order."""
    environ = request.environ
    # Flask's router also takes "//hello" for "/hello".
    if contract.route_of(environ["PATH_INFO"]) != path:
        raise problems.not_found()
    if length := environ.get("CONTENT_LENGTH"):
        problems.check_length(length)
    return AT[environ["REQUEST_METHOD"], path].arguments(environ["QUERY_STRING"].encode("latin-1"))


def ticks(events: int, interval_ms: int, size: int) -> Iterator[bytes]:
    """Events of at least so many bytes of data, and the time between them."""
    for number in range(1, events + 1):
        if number > 1:
            time.sleep(interval_ms / 1000)
        yield contract.event(number, events, size)


def streamed(found: Iterator[bytes]) -> Response:
    """An answer that is sent event by event."""
    headers = {"Cache-Control": "no-store"}
    return Response(found, headers=headers, content_type=contract.STREAM_MEDIA_TYPE)


def answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A good answer with a body that the contract rendered."""
    return Response(body, status, headers, content_type=contract.MEDIA_TYPE)


def refuse(problem: Problem) -> Response:
    """The answer to a request that the contract refuses."""
    media_type = contract.PROBLEM_MEDIA_TYPE
    if problem.closes:
        leave_unread(request.environ)
    return Response(problem.body, problem.status, problem.headers, content_type=media_type)


def on_missing(error: HTTPException) -> Response:
    return refuse(problems.not_found())


def on_method(error: HTTPException) -> Response:
    return refuse(problems.not_allowed(request.environ["PATH_INFO"]))


def on_problem(error: Problem) -> Response:
    return refuse(error)


def on_gone(error: Gone) -> Response:
    return Unanswered(error)


def on_failure(error: HTTPException) -> Response:
    return refuse(problems.failed())
