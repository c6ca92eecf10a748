"""What both twins answer where a call to the downstream service fails, and when it is given up."""

from __future__ import annotations

import httpx2

from servers.contract import (
    CALL_EXTRA_S,
    CALL_FACTOR,
    CALL_PLACE_S,
    CALLS_TOTAL_S,
    RETRY_AFTER_S,
    Problem,
)


def answer_s(ms: int) -> float:
    """How long a call may take that is asked to take `ms` milliseconds on average."""
    return CALL_EXTRA_S + CALL_FACTOR * ms / 1000


def check(status: int) -> None:
    """Raise a `Problem` 502 for an answer that is not a good one."""
    if status != 200:
        raise _bad_gateway(f"the downstream service answered {status}")


def problem_of(error: httpx2.RequestError, ms: int) -> Problem:
    """The problem that a failed call is for who asked for it: 502, 503 or 504."""
    if isinstance(error, httpx2.PoolTimeout):
        detail = f"no connection to the downstream service was free within {CALL_PLACE_S:g} s"
        problem = _unavailable(detail)
        problem.headers["Retry-After"] = str(RETRY_AFTER_S)
        return problem
    if isinstance(error, httpx2.TimeoutException):
        return not_answered(ms)
    return _bad_gateway("the downstream service cannot be reached, or broke its connection")


def not_answered(ms: int) -> Problem:
    """The problem 504 of a call that was not answered, or not to its end, in time."""
    return _timeout(f"the downstream service did not answer within {answer_s(ms):g} s")


def took_too_long() -> Problem:
    """The problem 504: the calls of one request together took longer than they may."""
    return _timeout(f"the calls to the downstream service took {CALLS_TOTAL_S:g} s together")


def nobody() -> Problem:
    """The problem 503: this server has no downstream service."""
    return _unavailable("this server has no downstream service: start it with --downstream URL")


def _bad_gateway(detail: str) -> Problem:
    return Problem(502, "Bad Gateway", detail)


def _unavailable(detail: str) -> Problem:
    return Problem(503, "Service Unavailable", detail)


def _timeout(detail: str) -> Problem:
    return Problem(504, "Gateway Timeout", detail)
