"""What the ledgers of a folder add up to, whatever becomes of files and processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from servers.exporter.stack import Server, Stack
from servers.ledger import Ledger, Owner, born, path_of
from servers.metrics import SUM
from tests.servers.exporter.children import child, ledger_of

ANSWERED = ("testbed_requests_total", ("sync", "GET", "/hello", "200"))
OWN = ANSWERED[1][1:]


def looked(stack: Stack) -> Stack:
    stack.look()
    return stack


def test_equal_series_of_two_workers_are_summed_and_others_stay_apart(tmp_path: Path) -> None:
    with child() as first, child() as second:
        for process, requests in ((first, 2), (second, 3)):
            ledger = ledger_of(tmp_path, process.pid, workers=2)
            ledger.cells[ledger.series(ANSWERED[0], *OWN)] += requests
            ledger.cells[ledger.series("testbed_worker_requests_total")] += requests
            queue = ledger.series("testbed_request_queue_seconds", "/hello")
            ledger.cells[queue + 1] += requests
            ledger.cells[queue + SUM] += requests / 4
        numbers = looked(Stack(tmp_path)).numbers()

    assert numbers[ANSWERED] == (5,)
    assert numbers["testbed_worker_requests_total", ("sync", str(first.pid))] == (2,)
    assert numbers["testbed_worker_requests_total", ("sync", str(second.pid))] == (3,)
    queued = numbers["testbed_request_queue_seconds", ("sync", "/hello")]
    assert queued[1] == sum(queued[:SUM]) == 5
    assert queued[SUM] == 1.25


def test_of_a_gauge_that_several_generators_show_the_highest_counts(tmp_path: Path) -> None:
    with child() as first, child() as second:
        for process, began, tripped in ((first, 1000, 0), (second, 1001, 1)):
            labels = {"profile": "sync", "generator": str(process.pid)}
            ledger = Ledger(path_of(tmp_path, process.pid), labels)
            phase = ledger.series("testbed_phase_start_timestamp_seconds", "measure")
            ledger.cells[phase] = began
            ledger.cells[ledger.series("testbed_run_info", "r", "w", "l")] = 1
            ledger.cells[ledger.series("testbed_gate_tripped", "dropped")] = tripped
        numbers = looked(Stack(tmp_path)).numbers()

    shown = {name: cells for (name, _), cells in numbers.items()}
    assert shown == {
        "testbed_phase_start_timestamp_seconds": (1001,),
        "testbed_run_info": (1,),
        "testbed_gate_tripped": (1,),
    }


def test_a_killed_worker_leaves_its_counters_and_takes_its_gauges(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from servers.ledger import Ledger, path_of\n"
        "path = path_of(Path(sys.argv[1]), os.getpid())\n"
        "ledger = Ledger(path, {'profile': 'uvloop', 'worker': str(os.getpid())}, {'workers': 1})\n"
        "ledger.cells[ledger.series('testbed_worker_begun_requests_total')] += 7\n"
        "answered = ledger.series('testbed_requests_total', 'GET', '/hello', '200')\n"
        "ledger.cells[answered] += 5\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    with child(code, str(tmp_path)) as process:
        labels = ("uvloop", str(process.pid))
        counted = {
            ("testbed_worker_begun_requests_total", labels): (7,),
            ("testbed_worker_requests_total", labels): (5,),
            ("testbed_requests_total", ("uvloop", "GET", "/hello", "200")): (5,),
        }
        stack = looked(Stack(tmp_path))
        assert stack.numbers()["http_server_active_requests", labels] == (2,)
        assert [len(server.workers) for server in stack.servers()] == [1]
        process.send_signal(signal.SIGKILL)
        # Until its parent asks for it, it is a zombie: dead as well.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        for one in (stack, Stack(tmp_path)):
            assert looked(one).numbers() == counted
            assert one.servers() == [Server("uvloop", (), (), 0)]
    assert looked(stack).numbers() == counted


def test_what_a_dead_worker_counted_is_added_to_the_living_once(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    with child() as living:
        ledger = ledger_of(tmp_path, living.pid)
        ledger.cells[ledger.series(ANSWERED[0], *OWN)] += 1
        with child() as dying:
            other = ledger_of(tmp_path, dying.pid)
            other.cells[other.series(ANSWERED[0], *OWN)] += 10
            assert looked(stack).numbers()[ANSWERED] == (11,)
            other.cells[other.series(ANSWERED[0], *OWN)] += 10
        for _ in range(3):
            assert looked(stack).numbers()[ANSWERED] == (21,)
        ledger.cells[ledger.series(ANSWERED[0], *OWN)] += 1
        assert looked(stack).numbers()[ANSWERED] == (22,)


def test_a_ledger_that_vanishes_stays_counted(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    with child() as process:
        ledger = ledger_of(tmp_path, process.pid)
        ledger.cells[ledger.series(ANSWERED[0], *OWN)] += 1
        assert looked(stack).numbers()[ANSWERED] == (1,)
        path_of(tmp_path, process.pid).unlink()
        ledger.cells[ledger.series(ANSWERED[0], *OWN)] += 1
        assert looked(stack).numbers()[ANSWERED] == (2,)
    tmp_path.rmdir()
    assert looked(stack).numbers()[ANSWERED] == (2,)


def test_a_process_with_the_id_of_a_dead_worker_is_not_that_worker(tmp_path: Path) -> None:
    began = born(os.getpid())
    assert began is not None
    path = tmp_path / f"{os.getpid()}-{began - 1}.ledger"
    ledger = Ledger(path, {"profile": "sync", "worker": str(os.getpid())}, {"workers": 1})
    ledger.cells[ledger.series("http_server_active_requests")] += 1
    stack = looked(Stack(tmp_path))

    assert stack.numbers() == {}
    assert stack.servers() == [Server("sync", (), (), 0)]


def test_what_is_no_ledger_is_passed_over_until_it_is_one(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "later")
    assert looked(stack).numbers() == {}
    folder = tmp_path / "later"
    folder.mkdir()
    with child() as process:
        broken = path_of(folder, process.pid)
        broken.write_bytes(b"")
        (folder / "notes.ledger").write_bytes(bytes(400_000))
        (folder / f"{process.pid}-1.ledger").write_bytes(b"testbed1" + bytes(400_000))
        assert looked(stack).numbers() == {}
        broken.unlink()
        ledger = ledger_of(folder, process.pid)
        ledger.cells[ledger.series(ANSWERED[0], *OWN)] += 1
        assert looked(stack).numbers() == {ANSWERED: (1,)}


def test_a_broken_index_costs_only_what_is_behind_the_break(tmp_path: Path) -> None:
    with child() as process:
        ledger = ledger_of(tmp_path, process.pid)
        ledger.cells[ledger.series(ANSWERED[0], *OWN)] += 1
        stack = looked(Stack(tmp_path))
        path = path_of(tmp_path, process.pid)
        for line in (b"?", b'{"name": "unheard_of", "values": [], "at": 0}', b"[]"):
            held = path.read_bytes()
            end = 16 + int.from_bytes(held[8:16], "little")
            with path.open("r+b") as file:
                file.seek(end)
                file.write(line + b"\n")
                file.seek(8)
                file.write((end - 16 + len(line) + 1).to_bytes(8, "little"))
            assert looked(stack).numbers() == {ANSWERED: (1,)}


def test_restarts_are_the_workers_beyond_those_that_were_declared(tmp_path: Path) -> None:
    def restarts() -> int:
        return looked(stack).servers()[0].restarts

    stack, supervisor = Stack(tmp_path), os.getpid()
    with child() as first, child() as second:
        ledger_of(tmp_path, first.pid, workers=2, supervisor=supervisor)
        assert restarts() == 0
        ledger_of(tmp_path, second.pid, workers=2, supervisor=supervisor)
        assert restarts() == 0
    with child() as third:
        ledger_of(tmp_path, third.pid, workers=2, supervisor=supervisor)
        assert restarts() == 1
    with child() as alone, child() as again:
        # Servers of one process each, started anew by somebody: nobody replaced a worker.
        ledger_of(tmp_path, alone.pid)
        ledger_of(tmp_path, again.pid)
        assert restarts() == 1
    assert restarts() == 1


def test_a_supervisor_is_there_while_it_lives_and_never_younger_than_its_workers(
    tmp_path: Path,
) -> None:
    stack = Stack(tmp_path)
    with child() as supervisor:
        with child() as worker:
            ledger_of(tmp_path, worker.pid, supervisor=supervisor.pid)
            began = born(worker.pid)
            [server] = looked(stack).servers()
            assert server == Server("sync", (Owner(worker.pid, began),), (supervisor.pid,), 0)
        assert looked(stack).servers() == [Server("sync", (), (supervisor.pid,), 0)]
    assert looked(stack).servers() == [Server("sync", (), (), 0)]
    with child() as worker:
        began = born(worker.pid)
        assert began is not None
        # A tick of the kernel's clock later, so that the order of the two is told.
        while True:
            with child() as younger:
                if (born(younger.pid) or 0) > began:
                    ledger_of(tmp_path, worker.pid, "uvloop", supervisor=younger.pid)
                    assert looked(stack).servers()[1].supervisors == ()
                    break


def test_a_load_generator_is_no_server(tmp_path: Path) -> None:
    with child() as process:
        labels = {"profile": "sync", "generator": str(process.pid)}
        ledger = Ledger(path_of(tmp_path, process.pid), labels)
        ledger.cells[ledger.series("testbed_client_in_flight_requests")] += 4
        stack = looked(Stack(tmp_path))
        key = ("testbed_client_in_flight_requests", ("sync", str(process.pid)))
        assert stack.numbers() == {key: (4,)}
        assert stack.servers() == []
    assert looked(stack).numbers() == {}
