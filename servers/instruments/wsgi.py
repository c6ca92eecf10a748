"""Around a WSGI application: from its first line to the end of its answer.

A process or thread belongs to a request for all that time, and so its hold is its service time.
A greenlet lets its thread go whenever it waits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from threading import get_ident
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from servers.instruments import companions, greenlets, own_pools, sockets
from servers.instruments.course import course_of
from servers.instruments.meter import Meter, SharedMeter
from servers.instruments.request import MeasuredRequest
from servers.instruments.stamps import queued_ns
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
    beats, slots = companions.beats(), settings.threads
    # Beside a single thread that serves there is one that adds up what it has noted.
    shared = not greenlets.are_used() and (beats or slots > 1)
    meter = (SharedMeter if shared else Meter)(settings, slots, beats=beats)
    companions.start(meter, settings, pools)
    unit = greenlets.switching() if greenlets.are_used() else Threads(slots)
    return Measured(app, meter, unit)


def meter_of(app: WSGIApplication) -> Meter | None:
    """The meter of an application with instruments; None where they are off."""
    return app.meter if isinstance(app, Measured) else None


class Threads:
    """The unit is a thread, which a request holds until it ends."""

    def __init__(self, threads: int) -> None:
        self._alone = threads == 1
        self._numbers: dict[int, int] = {}
        self._count = itertools.count(1)

    def place(self) -> tuple[int, str]:
        """This thread, and the name of its lane."""
        thread = get_ident()
        if self._alone:
            return thread, "worker"
        if thread not in self._numbers:
            self._numbers[thread] = next(self._count)
        return thread, f"thread {self._numbers[thread]}"

    def begin(self, request: MeasuredRequest) -> None:
        """The thread works for the request, as it does until it ends."""

    def end(self) -> None:
        """It does so no more."""


class Measured:
    """A WSGI application. Who stamps a request is told where its time went; others are counted."""

    def __init__(self, app: WSGIApplication, meter: Meter, unit: Any) -> None:
        self._app, self.meter, self._unit = app, meter, unit

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        self.meter.begin()
        stamp = environ.get("HTTP_X_REQUEST_START")
        queue_ns = None if stamp is None else queued_ns(stamp.encode("latin-1"))
        if queue_ns is None:
            return _Counted(self._app, self.meter, environ, start_response)
        return _Split(self._app, self.meter, self._unit, environ, start_response, queue_ns)


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

    __slots__ = ("_body", "_connection", "_start_response", "_unit")

    def __init__(
        self,
        app: WSGIApplication,
        meter: Meter,
        unit: Any,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        queue_ns: int,
    ) -> None:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        trace = environ.get("HTTP_TRACEPARENT")
        thread, lane = unit.place()
        self._start_response, self._unit = start_response, unit
        self._connection = environ.get("gunicorn.socket")
        self.begin(meter, thread, method, path, queue_ns, course_of(trace, meter, lane))
        unit.begin(self)
        try:
            self._body = app(environ, self._start)
        except BaseException:
            self._note(sockets.left_ns(self._connection))
            self._end()
            raise

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Any:
        self._note(sockets.left_ns(self._connection))
        timing = self.answer(int(status[:3]))
        return self._start_response(status, [*headers, ("Server-Timing", timing)], exc_info)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Called by the server when the answer has been sent, or cannot be."""
        try:
            _close(self._body)
        finally:
            self._end()

    def _note(self, since_ns: int | None) -> None:
        if since_ns is not None and not self.left_ns:
            self.left_ns = perf_counter_ns() - since_ns

    def _end(self) -> None:
        if not self.ended:
            self._note(sockets.broken_ns(self._connection))
            self._unit.end()
            self.end()


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
