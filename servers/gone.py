"""A client that has left before its answer: nobody is left to be answered."""

from __future__ import annotations


class Gone(Exception):  # noqa: N818 - no error of the service
    """The client has left. `cause` is the server's own word for it, where it has one."""

    def __init__(self, cause: Exception | None = None) -> None:
        super().__init__("the client has left before its answer")
        self.cause = cause
