"""What the kernel says of sockets: the same through both of its doors."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from servers.exporter import tcp
from servers.exporter.listeners import Listeners
from servers.exporter.stack import Server
from servers.ledger import Owner, born
from servers.metrics import EVENTS
from tests.servers.exporter.children import child

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells of other processes' sockets"
)
# Through sock_diag, and through /proc as of a process in another network namespace.
VIEWS = (None, os.getpid())
BACKLOG = 7
DEPTH = ("testbed_accept_queue_connections", ("sync",))
LIMIT = ("testbed_accept_queue_limit_connections", ("sync",))

# A server of which a test decides when it accepts: once for each line that it is told.
SERVER = (
    "import socket, sys\n"
    f"listener = socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog={BACKLOG})\n"
    "print('ready', flush=True)\n"
    "kept = []\n"
    "for _ in sys.stdin:\n"
    "    kept.append(listener.accept())\n"
    "    print('accepted', flush=True)\n"
)


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A listening socket of this process."""
    address = "127.0.0.1" if request.param == socket.AF_INET else "::1"
    try:
        opened = socket.create_server((address, 0), family=request.param, backlog=BACKLOG)
    except OSError:
        pytest.skip(f"this machine has no {address}")
    with opened:
        yield opened


@pytest.mark.parametrize("view", VIEWS, ids=["sock_diag", "proc"])
def test_a_listening_socket_tells_its_queue_and_its_limit(
    view: int | None, listener: socket.socket
) -> None:
    with ExitStack() as stack:
        for waiting in range(4):
            [mine] = [one for one in tcp.listening(view) if one.inode == inode_of(listener)]
            limit = BACKLOG if view is None else None
            port = listener.getsockname()[1]
            assert mine == tcp.TcpSocket(inode_of(listener), listener.family, port, waiting, limit)
            stack.enter_context(socket.create_connection(listener.getsockname()[:2]))


@pytest.mark.parametrize("view", VIEWS, ids=["sock_diag", "proc"])
def test_accepted_connections_are_those_that_came_in_and_are_open(
    view: int | None, listener: socket.socket
) -> None:
    [mine] = [one for one in tcp.listening(view) if one.inode == inode_of(listener)]
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(socket.create_connection(listener.getsockname()[:2]))
        assert tcp.accepted(view, mine) == set()
        connections = [stack.enter_context(listener.accept()[0]) for _ in range(2)]
        inodes = {inode_of(one) for one in connections}
        assert tcp.accepted(view, mine) == inodes
        assert inodes < tcp.owned(os.getpid())
    assert tcp.accepted(view, mine) == set()


def test_a_process_of_this_network_is_seen_through_sock_diag() -> None:
    with child() as process:
        assert tcp.view_of(process.pid) is None


def test_the_events_are_read_by_the_names_of_the_kernels_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = (
        "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPSynRetrans TCPTimeWaitOverflow\n"
        "TcpExt: 1 22 333 4444 0\n"
        "IpExt: InNoRoutes ListenDrops\n"
        "IpExt: 5 6\n"
    )
    assert set(EVENTS) <= tcp.events().keys()
    monkeypatch.setattr(Path, "read_text", lambda _: text)
    assert [tcp.events()[event] for event in EVENTS] == [22, 333, 4444, 0]


def test_connections_that_find_no_room_are_counted() -> None:
    before = tcp.events()["ListenOverflows"]
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        assert tcp.events()["ListenOverflows"] > before


def test_a_server_is_found_by_the_sockets_that_its_workers_have_open() -> None:
    with child(SERVER, "0") as process, child() as stranger:
        assert process.stdin is not None
        assert process.stdout is not None
        listeners = Listeners()
        server = Server("sync", (owner_of(process.pid), owner_of(stranger.pid)), (), 0)
        listeners.look([server])
        assert listeners.queues() == {DEPTH: 0, LIMIT: BACKLOG}
        [listening] = [one for one in tcp.listening(None) if one.inode in tcp.owned(process.pid)]
        with ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(socket.create_connection(("127.0.0.1", listening.port)))
            assert listeners.queues() == {DEPTH: 5, LIMIT: BACKLOG}
            assert listeners.connections([server]) == {connections(process.pid): 0}
            for _ in range(2):
                process.stdin.write("accept\n")
                process.stdin.flush()
                assert process.stdout.readline() == "accepted\n"
            assert listeners.queues() == {DEPTH: 3, LIMIT: BACKLOG}
            fresh = Listeners()
            fresh.look([server])
            assert fresh.connections([server]) == {connections(process.pid): 2}
        gone = Server("sync", (), (), 0)
        listeners.look([gone])
        assert listeners.queues() == listeners.connections([gone]) == {}


def test_a_worker_that_does_not_listen_yet_is_found_when_it_does() -> None:
    late = "input()\n" + SERVER.replace("print('ready', flush=True)", "print('open', flush=True)")
    with child("print('ready', flush=True)\n" + late, "0") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        listeners = Listeners()
        server = Server("sync", (owner_of(process.pid),), (), 0)
        listeners.look([server])
        assert listeners.queues() == {}
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert process.stdout.readline() == "open\n"
        listeners.look([server])
        assert listeners.queues() == {DEPTH: 0, LIMIT: BACKLOG}


def test_a_socket_that_workers_share_counts_once() -> None:
    code = (
        "import os, socket, sys\n"
        f"listener = socket.create_server(('127.0.0.1', 0), backlog={BACKLOG})\n"
        "client = socket.create_connection(listener.getsockname())\n"
        "other = os.fork()\n"
        "if other: print('ready', flush=True); print(other, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with child(code) as process:
        assert process.stdout is not None
        workers = (owner_of(process.pid), owner_of(int(process.stdout.readline())))
        listeners = Listeners()
        listeners.look([Server("sync", workers, (), 0)])
        assert listeners.queues() == {DEPTH: 1, LIMIT: BACKLOG}


def connections(pid: int) -> tuple[str, tuple[str, ...]]:
    return "testbed_open_connections", ("sync", str(pid))


def owner_of(pid: int) -> Owner:
    return Owner(pid, born(pid))


def inode_of(one: socket.socket) -> int:
    return os.fstat(one.fileno()).st_ino


def test_a_question_that_the_kernel_refuses_does_not_spoil_the_next() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for _ in range(3):
            with pytest.raises(OSError, match="refused"):
                tcp._KERNEL.ask(b"")
            assert port in {one.port for one in tcp.listening(None)}


def test_many_may_ask_the_kernel_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(8) as pool:
        port = listener.getsockname()[1]
        for listed in pool.map(lambda _: tcp.listening(None), range(200)):
            assert port in {one.port for one in listed}
