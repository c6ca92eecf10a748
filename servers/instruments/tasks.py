"""Tasks that a request of the asynchronous twin starts: their steps are steps of the request.

The loop takes one step at a time, of whichever task, and so those of a request's tasks never
overlap one another: each holds the loop, and the request, while it lasts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from types import coroutine
from typing import Any, TypeVar

from servers.instruments.request import MeasuredRequest
from servers.instruments.unit import running

Result = TypeVar("Result")


async def gathered(works: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Await all at once and return their results; the first failure ends the others.

    No task is left behind: where this is cancelled or one of them fails, the others are cancelled
    and have ended before it is raised.
    """
    request = running()
    steps = works if request is None else [_stepped(request, work) for work in works]
    tasks = [asyncio.ensure_future(one) for one in steps]
    try:
        return await asyncio.gather(*tasks)
    except GeneratorExit:
        # Nobody awaits any more, and nothing may be awaited.
        _cancel(tasks)
        raise
    except BaseException:
        _cancel(tasks)
        await asyncio.wait(tasks)
        for work in works:
            # What was cancelled before its first step was never awaited, and need not be.
            work.close()
        raise


def _cancel(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()


async def _stepped(request: MeasuredRequest, work: Coroutine[Any, Any, Result]) -> Result:
    return await _take(request, work)


@coroutine
def _take(
    request: MeasuredRequest, work: Coroutine[Any, Any, Result]
) -> Generator[Any, None, Result]:
    """Take the steps of `work` as the loop takes these, each as a step of the request."""
    steps = work.__await__()
    thrown: BaseException | None = None
    try:
        while True:
            # What is left of a request that was given up is nobody's.
            counts = not request.ended
            if counts:
                request.resume()
            try:
                awaited = next(steps) if thrown is None else steps.throw(thrown)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            finally:
                if counts and not request.ended:
                    request.pause()
            thrown = None
            try:
                yield awaited
            except GeneratorExit:
                raise
            except BaseException as error:
                thrown = error
    finally:
        steps.close()
