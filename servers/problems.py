"""The refusals that do not depend on a parameter, in the order in which the twins check them."""

from __future__ import annotations

from servers.contract import ALLOW, MAX_BODY_BYTES, MAX_DIGITS, Problem, route_of


def not_found() -> Problem:
    """The problem 404: no endpoint has exactly this path."""
    return Problem(404, "Not Found", f"no endpoint at this path: known are {', '.join(ALLOW)}")


def not_allowed(path: str) -> Problem:
    """The problem 405 for a path the router knows; 404 if it is only nearly an endpoint's."""
    allowed = ALLOW.get(route_of(path))
    if allowed is None:
        return not_found()
    problem = Problem(405, "Method Not Allowed", f"{path} answers {allowed} only")
    problem.headers["Allow"] = allowed
    return problem


def check_length(length: str) -> None:
    """Raise a `Problem` 413 if a Content-Length header announces more than `MAX_BODY_BYTES`."""
    if length.isascii() and length.isdigit():
        significant = length.lstrip("0")
        if len(significant) > MAX_DIGITS or int(significant or "0") > MAX_BODY_BYTES:
            raise _too_large("the announced body")


def check_received(count: int) -> None:
    """Raise a `Problem` 413 if more than `MAX_BODY_BYTES` of a body have come."""
    if count > MAX_BODY_BYTES:
        raise _too_large("the body")


def _too_large(what: str) -> Problem:
    # What is left of it is not read, and so the connection cannot carry another request.
    detail = f"{what} is too large: at most {MAX_BODY_BYTES} bytes"
    problem = Problem(413, "Content Too Large", detail)
    problem.closes = True
    return problem


def failed() -> Problem:
    """The problem 500: the reason is in the server's log and nowhere else."""
    detail = "the server failed to answer: its log has the reason"
    return Problem(500, "Internal Server Error", detail)
