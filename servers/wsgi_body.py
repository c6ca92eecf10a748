"""The body of a WSGI request, and the two ways to be done with its connection."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flask import Response

from servers.contract import MAX_BODY_BYTES
from servers.gone import Gone

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PIECE_BYTES = 65_536


def pieces(environ: WSGIEnvironment) -> Iterator[bytes]:
    """The body as it comes. Raises `Gone` where it breaks off: its client has left.

    Of a body without an announced length no more is read than shows that it is too large.
    """
    length = environ.get("CONTENT_LENGTH")
    left = int(length) if length else MAX_BODY_BYTES + 1
    read = environ["wsgi.input"].read
    while left > 0:
        try:
            piece: bytes = read(min(left, PIECE_BYTES))
        except Exception as error:
            # A connection that was lost, or a chunk that is none: the server knows what to do.
            raise Gone(error) from error
        if not piece:
            break
        left -= len(piece)
        yield piece
    if length and left:
        raise Gone


def leave_unread(environ: WSGIEnvironment) -> None:
    """Read nothing more from the connection: the server closes it behind the answer.

    gunicorn reads what is left of a body before the next request, and in some of its workers
    without a bound; not of one that has failed. An application has no other say in it.
    """
    body = environ["wsgi.input"]
    if hasattr(body, "failed"):
        body.failed = True


class Unanswered(Response):
    """No answer: the server is told that the connection is lost, and closes it."""

    def __init__(self, gone: Gone) -> None:
        super().__init__()
        self._error = gone.cause or BrokenPipeError(errno.EPIPE, str(gone))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[Any]:
        """Called by Flask to answer."""
        raise self._error
