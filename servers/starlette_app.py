"""The asynchronous twin: Starlette, for ASGI servers.

Read it beside `flask_app`: the same functions in the same order, and the difference
between the two files is the difference between the two models. Here all
requests of a worker share one event loop: what awaits leaves it to the others, what does not
holds them all. What each endpoint means is in the contract.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from servers import contract, problems
from servers.calling.looped import calls_of
from servers.contract import AT, ENDPOINTS, Problem
from servers.database_async import Database, read, update
from servers.gone import Gone
from servers.instruments.answer import Answer
from servers.instruments.asgi import measured
from servers.instruments.event_stream import EventStream
from servers.instruments.leaving import LONG_S, body_of, unless_gone
from servers.jobs.on_loop import JobTasks
from servers.parity import facts
from servers.pools import lifespan, pools_of
from servers.received import Received
from servers.settings import Settings
from servers.work import block, compute

HELLO = Answer(contract.render({"message": "hello"}), media_type=contract.MEDIA_TYPE)
HEALTHY = Answer(contract.render({"status": "ok"}), media_type=contract.MEDIA_TYPE)


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The application; without `settings` they come from the environment."""
    routes = [
        Route(endpoint.path, globals()[endpoint.name], methods=[endpoint.method])
        for endpoint in ENDPOINTS.values()
    ]
    handlers: dict[Any, Any] = {404: on_missing, 405: on_method, 500: on_failure}
    handlers |= {Problem: on_problem, Gone: on_gone}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    app.state.settings = settings or Settings.from_environment()
    app.state.database = Database(app.state.settings)
    app.router.redirect_slashes = False
    return measured(app, app.state.settings, app.state.database)


async def hello(request: Request) -> Answer:
    arguments(request, "/hello")
    return HELLO


async def wait(request: Request) -> Answer:
    ms = arguments(request, "/wait")["ms"]
    await unless_gone(request, asyncio.sleep(ms / 1000), after_s=LONG_S)
    return answer(contract.render({"ms": ms}))


async def cpu(request: Request) -> Answer:
    units = arguments(request, "/cpu")["units"]
    digest = await pools_of(request).computing(compute, units, request)
    return answer(contract.render({"units": units, "digest": digest}))


async def blocking(request: Request) -> Answer:
    ms = arguments(request, "/blocking")["ms"]
    await pools_of(request).blocking(block, ms, request)
    return answer(contract.render({"ms": ms}))


async def offload(request: Request) -> Answer:
    ms = arguments(request, "/offload")["ms"]
    await pools_of(request).in_thread(block, ms, request)
    return answer(contract.render({"ms": ms}))


async def cpu_offload(request: Request) -> Answer:
    units = arguments(request, "/cpu-offload")["units"]
    digest = await pools_of(request).in_process(compute, units, request)
    return answer(contract.render({"units": units, "digest": digest}))


async def downstream(request: Request) -> Answer:
    asked = arguments(request, "/downstream")
    calls, ms = asked["calls"], asked["ms"]
    await unless_gone(request, calls_of(request).make(calls, ms))
    return answer(contract.render({"calls": calls, "ms": ms}))


async def stream(request: Request) -> EventStream:
    asked = arguments(request, "/stream")
    return streamed(ticks(asked["events"], asked["interval_ms"], asked["bytes"]))


async def upload(request: Request) -> Answer:
    arguments(request, "/upload")
    received = Received()
    async for piece in body_of(request):
        received.add(piece)
    return answer(received.answer())


async def accept_job(request: Request) -> Answer:
    work = arguments(request, "/jobs")
    accepted = await jobs_of(request).accept(work["ms"], work["units"])
    body = contract.render({"id": accepted.id, "state": accepted.state})
    return answer(body, 202, {"Location": f"/jobs/{accepted.id}"})


async def jobs(request: Request) -> Answer:
    arguments(request, "/jobs")
    counts, newest = await jobs_of(request).overview()
    listed = [asdict(one) for one in newest]
    return answer(contract.render(asdict(counts) | {"jobs": listed}))


async def job(request: Request) -> Answer:
    arguments(request, "/jobs/{id}")
    found = await jobs_of(request).find(request.path_params["id"])
    return answer(contract.render(asdict(found)))


async def db(request: Request) -> Answer:
    asked = arguments(request, "/db")
    async with database(request).connected(request) as connection:
        rows = await unless_gone(request, read(connection, asked))
    return answer(contract.render({"queries": asked["queries"], "rows": rows}))


async def update_db(request: Request) -> Answer:
    asked = arguments(request, "/db")
    async with database(request).connected(request) as connection:
        rows = await unless_gone(request, update(connection, asked))
    return answer(contract.render({"queries": asked["queries"], "rows": rows}))


async def healthz(request: Request) -> Answer:
    arguments(request, "/healthz")
    return HEALTHY


async def parity(request: Request) -> Answer:
    arguments(request, "/parity")
    return answer(contract.render(facts(pools_of(request).facts(), settings(request).profile)))


def settings(request: Request) -> Settings:
    """What this worker was told."""
    found: Settings = request.app.state.settings
    return found


def jobs_of(request: Request) -> JobTasks:
    """The jobs that this worker accepts and runs."""
    found: JobTasks = request.app.state.jobs
    return found


def database(request: Request) -> Database:
    """The connections of this worker."""
    found: Database = request.app.state.database
    return found


def arguments(request: Request, path: str) -> Mapping[str, int]:
    """The numbers asked for; a `Problem` 404, 413 or 422 is raised in this order."""
    scope = request.scope
    # Starlette's router also takes "/hello\n" for "/hello".
    if contract.route_of(scope["path"]) != path:
        raise problems.not_found()
    for name, value in scope["headers"]:
        if name == b"content-length":
            problems.check_length(value.decode("latin-1"))
    return AT[scope["method"], path].arguments(scope["query_string"])


async def ticks(events: int, interval_ms: int, size: int) -> AsyncGenerator[bytes, None]:
    """Events of at least so many bytes of data, and the time between them."""
    for number in range(1, events + 1):
        if number > 1:
            await asyncio.sleep(interval_ms / 1000)
        yield contract.event(number, events, size)


def streamed(found: AsyncGenerator[bytes, None]) -> EventStream:
    """An answer that is sent event by event."""
    return EventStream(found)


def answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A good answer with a body that the contract rendered."""
    return Answer(body, status, headers, media_type=contract.MEDIA_TYPE)


def refuse(problem: Problem) -> Answer:
    """The answer to a request that the contract refuses."""
    media_type = contract.PROBLEM_MEDIA_TYPE
    headers = problem.headers | {"Connection": "close"} if problem.closes else problem.headers
    return Answer(problem.body, problem.status, headers, media_type=media_type)


async def on_missing(request: Request, error: Exception) -> Answer:
    return refuse(problems.not_found())


async def on_method(request: Request, error: Exception) -> Answer:
    return refuse(problems.not_allowed(request.scope["path"]))


async def on_problem(request: Request, error: Exception) -> Answer:
    return refuse(cast("Problem", error))


async def on_gone(request: Request, error: Exception) -> None:
    """No answer: nobody would read it."""


async def on_failure(request: Request, error: Exception) -> Answer:
    return refuse(problems.failed())
