"""A thousand streams open at once on one event loop, and what each of them costs in memory."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servers import contract
from servers.budget import Budget
from tests.servers.live import running
from tests.servers.stack import Scrape, exported

STREAMS, EVENTS = 1_000, 5
TARGET = f"/stream?events={EVENTS}&interval_ms=1000"
BYSTANDERS = 20
PSS = "testbed_process_proportional_memory_bytes"

pytestmark = [pytest.mark.slow, pytest.mark.alone]


@contextmanager
def many_files() -> Iterator[None]:
    """Room for a thousand connections, here and in the processes that are started meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3 * STREAMS
    if hard not in (resource.RLIM_INFINITY,) and hard < wanted:
        pytest.skip(f"this system allows {hard} open files: {wanted} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def whole(port: int, target: str) -> bytes:
    """All that is answered on a connection of its own, up to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        return await reader.read()
    finally:
        writer.close()


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def test_a_thousand_streams_end_well_and_a_bystander_is_answered_among_them(
    tmp_path: Path,
) -> None:
    def opened(scrape: Scrape) -> bool:
        streaming = scrape.total("http_server_active_requests") == STREAMS
        return streaming and scrape.total("testbed_open_connections") >= STREAMS

    async def asked(port: int) -> tuple[list[bytes], Scrape, list[float]]:
        streams = [asyncio.create_task(whole(port, TARGET)) for _ in range(STREAMS)]
        await asyncio.to_thread(stack.until, "uvloop", opened, "all are open")
        waits_s: list[float] = []
        for _ in range(BYSTANDERS):
            begun = time.perf_counter()
            assert (await whole(port, "/hello")).endswith(b'{"message":"hello"}')
            waits_s.append(time.perf_counter() - begun)
        # A reading of the memory is kept for a hundred times as long as it took.
        await asyncio.sleep(0.5)
        during = await asyncio.to_thread(stack.scrape, "uvloop")
        assert opened(during)
        # They have been answered while the streams went on.
        assert not any(stream.done() for stream in streams)
        return [await stream for stream in streams], during, waits_s

    with (
        many_files(),
        exported(tmp_path) as stack,
        running("uvloop", Budget(workers=1), ledgers=tmp_path) as live,
    ):
        before = stack.until("uvloop", lambda s: s.total(PSS) > 0, "its memory is read")
        answers, during, waits_s = asyncio.run(asked(live.port))

    expected = chunked([contract.event(number, EVENTS) for number in range(1, EVENTS + 1)])
    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers] == [expected] * STREAMS
    kib = (during.total(PSS) - before.total(PSS)) / 1024 / STREAMS
    assert 2 < kib < 60, f"{kib:.1f} KiB for each"
    assert sorted(waits_s)[BYSTANDERS // 2] < 0.2
