"""The shortest Starlette application that answers `/hello`."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def hello(request: Request) -> PlainTextResponse:
    """One string."""
    return PlainTextResponse("hello")


def create_app() -> Starlette:
    """One route."""
    return Starlette(routes=[Route("/hello", hello)])
