"""A server whose every byte a test decides, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def serving(behave: Behaviour) -> AsyncIterator[int]:
    """Serve each connection with a behaviour; yields the port."""
    loop = asyncio.get_running_loop()
    served: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await behave(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            del served[writer]

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served[writer] = loop.create_task(serve(reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(served.values()):
            task.cancel()
        await asyncio.gather(*served.values(), return_exceptions=True)
        # Of those that were cancelled before their first step nobody else takes leave.
        for writer in list(served):
            writer.transport.abort()
        await asyncio.sleep(0)


@contextlib.contextmanager
def serving_aside(behave: Behaviour) -> Iterator[int]:
    """The same on a loop of its own in another thread, for what keeps this one busy."""
    ports: queue.Queue[int] = queue.Queue()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with serving(behave) as port:
            ports.put(port)
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        yield ports.get(timeout=10.0)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10.0)
        loop.close()


def noting(heads: list[bytes], answer: bytes) -> Behaviour:
    """As `answering`, and note each request's head."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)

    return behave


def answering(answer: bytes, after_s: float = 0.0) -> Behaviour:
    """Answer every request on a connection with the same bytes, and keep it open."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(after_s)
            writer.write(answer)

    return behave


def answering_once(answer: bytes) -> Behaviour:
    """Answer one request and close the connection."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    return behave
