"""The asynchronous twin: Starlette, for ASGI servers.

Read it beside `flask_app`: the same functions in the same order, and the difference
between the two files is the difference between the two models. Here all
requests of a worker share one event loop: what awaits leaves it to the others, what does not
holds them all. What each endpoint means is in the contract.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from servers import contract, problems
from servers.contract import AT, ENDPOINTS, Problem
from servers.database_async import Database, read, update
from servers.instruments.answer import Answer
from servers.instruments.asgi import measured
from servers.parity import facts
from servers.pools import lifespan, pools_of
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
    handlers = {404: on_missing, 405: on_method, Problem: on_problem, 500: on_failure}
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
    await asyncio.sleep(ms / 1000)
    return answer(contract.render({"ms": ms}))


async def cpu(request: Request) -> Answer:
    units = arguments(request, "/cpu")["units"]
    digest = await pools_of(request).computing(compute, units)
    return answer(contract.render({"units": units, "digest": digest}))


async def blocking(request: Request) -> Answer:
    ms = arguments(request, "/blocking")["ms"]
    await pools_of(request).blocking(block, ms)
    return answer(contract.render({"ms": ms}))


async def offload(request: Request) -> Answer:
    ms = arguments(request, "/offload")["ms"]
    await pools_of(request).in_thread(block, ms)
    return answer(contract.render({"ms": ms}))


async def cpu_offload(request: Request) -> Answer:
    units = arguments(request, "/cpu-offload")["units"]
    digest = await pools_of(request).in_process(compute, units)
    return answer(contract.render({"units": units, "digest": digest}))


async def db(request: Request) -> Answer:
    asked = arguments(request, "/db")
    async with database(request).connected() as connection:
        rows = await read(connection, asked)
    return answer(contract.render({"queries": asked["queries"], "rows": rows}))


async def update_db(request: Request) -> Answer:
    asked = arguments(request, "/db")
    async with database(request).connected() as connection:
        rows = await update(connection, asked)
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


def database(request: Request) -> Database:
    """The connections of this worker."""
    found: Database = request.app.state.database
    return found


def arguments(request: Request, path: str) -> Mapping[str, int]:
    """The numbers asked for; a `Problem` 404, 413 or 422 is raised in this order."""
    scope = request.scope
    # Starlette's router also takes "/hello\n" for "/hello".
    if scope["path"] != path:
        raise problems.not_found()
    for name, value in scope["headers"]:
        if name == b"content-length":
            problems.check_length(value.decode("latin-1"))
    return AT[scope["method"], path].arguments(scope["query_string"])


def answer(body: bytes) -> Answer:
    """A good answer with a body that the contract rendered."""
    return Answer(body, media_type=contract.MEDIA_TYPE)


def refuse(problem: Problem) -> Answer:
    """The answer to a request that the contract refuses."""
    media_type = contract.PROBLEM_MEDIA_TYPE
    return Answer(problem.body, problem.status, problem.headers, media_type=media_type)


async def on_missing(request: Request, error: Exception) -> Answer:
    return refuse(problems.not_found())


async def on_method(request: Request, error: Exception) -> Answer:
    return refuse(problems.not_allowed(request.scope["path"]))


async def on_problem(request: Request, error: Exception) -> Answer:
    return refuse(cast("Problem", error))


async def on_failure(request: Request, error: Exception) -> Answer:
    return refuse(problems.failed())
