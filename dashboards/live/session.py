"""The session behind the page: a process that is told commands and tells frames, line by line."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LONGEST_LINE = 4 * 2**20
ANSWER_S = 10.0
END_S = 10.0


class SessionOver(Exception):  # noqa: N818 - what has happened
    """The session has ended, or never began: there is nobody to ask."""


class Session:
    """A running session. `hello` is what it said first."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[str]] = {}
        self.hello: Mapping[str, Any] = {}

    @classmethod
    async def start(cls, command: Sequence[str]) -> Session:
        """Start `python -m loadtests` with a command that speaks so. Raises SessionOver."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "loadtests", *command,
            cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=None, limit=LONGEST_LINE,
            # The terminal's Ctrl-C is the page's, which ends it in order.
            start_new_session=True,
        )  # fmt: skip
        session = cls(process)
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            # What it has said of that stands on the terminal.
            await process.wait()
            raise SessionOver("the session did not begin")
        session.hello = json.loads(line)["hello"]
        return session

    async def frames(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every frame until the session ends. Answers go to who asked."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message: dict[str, Any] = json.loads(line)
            if "answer" in message:
                future = self._answers.pop(message["answer"], None)
                if future is not None and not future.done():
                    future.set_result(message["error"])
            else:
                yield message
        for future in self._answers.values():
            future.cancel()

    async def ask(self, command: Mapping[str, Any]) -> str:
        """Have a command obeyed: empty, or why it was refused. Raises SessionOver."""
        number = next(self._numbers)
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({**command, "id": number}).encode() + b"\n")
            await self._process.stdin.drain()
            return await asyncio.wait_for(future, ANSWER_S)
        except (OSError, TimeoutError, asyncio.CancelledError):
            raise SessionOver("the session has ended: start it again") from None
        finally:
            self._answers.pop(number, None)

    async def stop(self) -> None:
        """End it: its commands end, and then it has some seconds for its servers."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), END_S)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
