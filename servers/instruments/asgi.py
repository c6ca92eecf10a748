"""An ASGI application with instruments: every resumption of a request is a step of its loop.

Between its steps a request waits, and holds nothing. The sum of its steps is its hold, and what
the longest of them takes, every other request of the loop waits.
"""

from __future__ import annotations

from collections.abc import Generator
from threading import get_ident
from types import coroutine
from typing import TYPE_CHECKING, Any

from servers.instruments import companions, departures, own_pools
from servers.instruments.answer import REQUEST, STATUS
from servers.instruments.course import course_of
from servers.instruments.meter import Meter
from servers.instruments.request import MeasuredRequest
from servers.instruments.stamps import queued_ns
from servers.instruments.tallies import OK
from servers.instruments.unit import LoopUnit
from servers.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

_STAMP, _TRACE = b"x-request-start", b"traceparent"
_ENDED = object()


def measured(app: Starlette, settings: Settings, *pools: own_pools.OwnPool) -> ASGIApp:
    """The application with instruments, or itself where they are off; `pools` are its own.

    Who stamps a request is told where its time went; others are counted. Rule: this takes the
    place of Starlette's own entry, so that who is only counted passes no more frames than without.
    """
    if settings.instruments == "off":
        return app
    # However many requests a loop has in hand, one at a time holds it.
    meter = Meter(settings, slots=1)
    app.state.meter = meter
    stack = app.build_middleware_stack()

    async def live(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await stack(scope, receive, send)
            return
        async with companions.on_loop(meter, settings, app, pools):
            await stack(scope, receive, send)

    return _entry(app, meter, stack, live)


class LoopRequest(MeasuredRequest):
    """A request of a loop, the client of which its server knows."""

    __slots__ = ()

    def look_for(self, client: Any) -> None:
        """As of every request; `client` is a `receive` of the server."""
        departures.look(self, client)


def _entry(app: Starlette, meter: Meter, stack: ASGIApp, live: ASGIApp) -> ASGIApp:
    """Requests go to the `stack` of the application, and what is none to `live`."""
    cells, begun, usual = meter.cells, meter.begun, meter.totals.usual
    unit = LoopUnit(meter, get_ident(), "loop")

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = app
        if scope["type"] != "http":
            await live(scope, receive, send)
            return
        begun.count = count = begun.count + 1.0
        cells[begun.cell] = count
        stamp = trace = None
        for name, value in scope["headers"]:
            if name == _STAMP:
                stamp = value
            elif name == _TRACE:
                trace = value.decode("latin-1")
        if stamp is not None and (queue_ns := queued_ns(stamp)) is not None:
            request = scope[REQUEST] = LoopRequest()
            course = course_of(trace, meter, unit.lane) if trace else None
            steps = stack(scope, receive, send).__await__()
            request.begin(unit, scope["method"], scope["path"], queue_ns, course)
            try:
                awaited = next(steps, _ENDED)
            except BaseException:
                request.end()
                raise
            if awaited is _ENDED:
                # As most do, in one step.
                request.end()
            else:
                await _others(awaited, steps, request, departures.server_of(receive))
            return
        try:
            await stack(scope, receive, send)
        finally:
            tally = usual.get((scope["method"], scope["path"]))
            if tally is None or scope.get(STATUS) != OK:
                meter.end((scope["method"], scope["path"], scope.get(STATUS, 0)))
            else:
                tally.count = count = tally.count + 1.0
                cells[tally.cell] = count

    return serve


@coroutine
def _others(
    awaited: Any, steps: Generator[Any, Any, None], request: LoopRequest, server: Any
) -> Generator[Any, None, None]:
    """Take the other steps of a request as its loop takes these; `awaited` ended the first one.

    `server` knows of its client, which nobody could look after before.
    """
    departures.UNDER_WAY[request] = server
    try:
        while awaited is not _ENDED:
            request.pause()
            try:
                # Whoever drives a coroutine for a loop sends it nothing but None.
                yield awaited
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:
                request.resume()
                awaited = steps.throw(error)
            else:
                request.resume()
                awaited = next(steps, _ENDED)
    except StopIteration:
        # It has taken what was thrown into it, and ended well.
        pass
    finally:
        del departures.UNDER_WAY[request]
        request.end()
