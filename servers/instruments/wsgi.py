"""Around a WSGI application: from its first line to the end of its answer.

A process or thread belongs to a request for all that time, and so its hold is its service time.
A greenlet lets its thread go whenever it waits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from threading import get_ident
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from servers.instruments import companions, greenlets, own_pools, sockets
from servers.instruments.course import course_of
from servers.instruments.meter import Meter, SharedMeter
from servers.instruments.request import PATIENCE_NS, MeasuredRequest
from servers.instruments.stamps import queued_ns
from servers.instruments.unit import Unit, unit_of_one
from servers.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def measured(
    app: WSGIApplication, settings: Settings, *pools: own_pools.OwnPool
) -> WSGIApplication:
    """The application with instruments around it, or itself where they are off.

    `pools` are those that the application opens itself.
    """
    if settings.instruments == "off":
        return app
    slots = settings.threads
    shared = slots > 1 and not greenlets.are_used()
    meter = (SharedMeter if shared else Meter)(settings, slots)
    companions.start(meter, settings, pools)
    if not greenlets.are_used():
        return Measured(app, meter, Threads(meter).unit)
    switches = greenlets.switching(meter)
    return Measured(app, meter, switches.unit, switches)


def meter_of(app: WSGIApplication) -> Meter | None:
    """The meter of an application with instruments; None where they are off."""
    return app.meter if isinstance(app, Measured) else None


class Threads:
    """The threads of a worker: each belongs to its request until that ends."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._lone: Unit | None = None
        self._units: dict[int, Unit] = {}
        self._count = itertools.count(1)

    def unit(self) -> Unit:
        """The unit of this thread."""
        if self._lone is not None:
            return self._lone
        thread = get_ident()
        if not isinstance(self._meter, SharedMeter):
            self._lone = unit_of_one(self._meter, thread, "worker")
            return self._lone
        unit = self._units.get(thread)
        if unit is None:
            unit = Unit(self._meter, thread, f"thread {next(self._count)}")
            self._units[thread] = unit
        return unit


class Measured:
    """A WSGI application. Who stamps a request is told where its time went; others are counted."""

    def __init__(
        self,
        app: WSGIApplication,
        meter: Meter,
        unit: Callable[[], Unit],
        switches: greenlets.Switches | None = None,
    ) -> None:
        self._app, self.meter, self._unit, self._switches = app, meter, unit, switches

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        self.meter.begin()
        stamp = environ.get("HTTP_X_REQUEST_START")
        queue_ns = None if stamp is None else queued_ns(stamp.encode("latin-1"))
        if queue_ns is None:
            return _Counted(self._app, self.meter, environ, start_response)
        unit, switches = self._unit(), self._switches
        return _Split(self._app, unit, switches, environ, start_response, queue_ns)


class _Counted:
    """The answer to a request that is only counted."""

    __slots__ = ("_body", "_ended", "_environ", "_meter", "_start_response", "_status")

    def __init__(
        self,
        app: WSGIApplication,
        meter: Meter,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> None:
        self._meter, self._environ, self._start_response = meter, environ, start_response
        self._status = "0"
        self._ended = False
        try:
            self._body = app(environ, self._start)
        except BaseException:
            self._count()
            raise

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Any:
        self._status = status
        return self._start_response(status, headers, exc_info)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Called by the server when the answer has been sent, or cannot be."""
        try:
            _close(self._body)
        finally:
            self._count()

    def _count(self) -> None:
        if self._ended:
            return
        self._ended = True
        environ = self._environ
        status = int(self._status[:3])
        self._meter.end((environ["REQUEST_METHOD"], environ["PATH_INFO"], status))


class _Split(MeasuredRequest):
    """The answer to a request that is measured.

    A worker that works for a request does not see its client leave. So it looks twice, and counts
    what it did in vain: before it answers, and where it has sent more at the end of that.
    """

    __slots__ = ("_body", "_connection", "_start_response", "_switches")

    def __init__(
        self,
        app: WSGIApplication,
        unit: Unit,
        switches: greenlets.Switches | None,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        queue_ns: int,
    ) -> None:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        trace = environ.get("HTTP_TRACEPARENT")
        self._start_response, self._switches = start_response, switches
        self._connection = environ.get("gunicorn.socket")
        course = None if trace is None else course_of(trace, unit.meter, unit.lane)
        self.begin(unit, method, path, queue_ns, course)
        if switches is not None:
            switches.begin(self)
        try:
            self._body = app(environ, self._start)
        except BaseException:
            self.look_for(self._connection)
            self._stop()
            raise

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Any:
        timing = self.answer(int(status[:3]), self._connection).decode("latin-1")
        return self._start_response(status, [*headers, ("Server-Timing", timing)], exc_info)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Called by the server when the answer has been sent, or cannot be."""
        try:
            _close(self._body)
        finally:
            self._stop()

    def look_for(self, client: Any) -> None:
        """As of every request; `client` is its socket."""
        self._seen_to_leave(sockets.left_ns(client))

    def _seen_to_leave(self, since_ns: int | None) -> None:
        if since_ns is not None and not self.left_ns:
            self.left_ns = perf_counter_ns() - since_ns

    def _stop(self) -> None:
        if not self.ended:
            if perf_counter_ns() - self.answered_ns > PATIENCE_NS:
                self._seen_to_leave(sockets.broken_ns(self._connection))
            if self._switches is not None:
                self._switches.end()
            self.end()


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
