"""What both twins answer when what they call fails, is slow, is full, or is back again."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from servers import contract, starlette_app
from servers.calling import client as client_module
from servers.calling import faults
from servers.settings import Settings
from tests.contract.clients import (
    Client,
    FlaskClient,
    StarletteClient,
    call,
    http_scope,
    living,
)
from tests.contract.stub import ANSWERS, stub
from tests.contract.test_refusals import problem
from tests.servers.downstream import downstream, root
from tests.servers.instruments.test_steps import stamped
from tests.servers.live import Answer
from tests.servers.test_downstream import counts

SHORT_S = 0.25
SOON_S = 1.0
BROKEN = "the downstream service cannot be reached, or broke its connection"


@pytest.fixture(params=[FlaskClient, StarletteClient], ids=["flask", "starlette"])
def twin(request: pytest.FixtureRequest) -> Any:
    """The class of a twin's client: each test gives it settings of its own."""
    return request.param


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are given up after a moment; that the real limits hold is a matter of numbers."""
    monkeypatch.setattr(faults, "CALL_EXTRA_S", SHORT_S)
    monkeypatch.setattr(faults, "CALL_PLACE_S", SHORT_S)
    monkeypatch.setattr(client_module, "CALL_PLACE_S", SHORT_S)


def established(port: int) -> int:
    """How many connections this process has to a port."""
    found = psutil.Process().net_connections("tcp")
    return sum(bool(c.raddr) and c.raddr.port == port and c.status == "ESTABLISHED" for c in found)


def test_the_calls_of_a_request_end_before_a_worker_is_given_up() -> None:
    slowest_s = faults.answer_s(contract.CALL_MS.maximum)

    assert slowest_s == 10.0
    # The last call may begin just in time, and takes no more than what is left.
    assert 120 - slowest_s > contract.CALLS_TOTAL_S
    # All of them can be asked for in turn.
    asked_s = contract.CALLS.maximum * contract.CALL_MS.maximum / 1000
    assert asked_s * 3 < contract.CALLS_TOTAL_S


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/downstream", b'{"calls":1,"ms":10}'),
        ("/downstream?ms=0", b'{"calls":1,"ms":0}'),
        ("/downstream?calls=5&ms=2", b'{"calls":5,"ms":2}'),
        ("/downstream?calls=5&ms=2&threads=3", b'{"calls":5,"ms":2}'),
    ],
)
def test_good_calls_are_the_same_bytes_from_both(client: Client, target: str, body: bytes) -> None:
    answer = client.ask("GET", target)

    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("query", "name", "maximum"),
    [("calls=0", "calls", 16), ("calls=17", "calls", 16), ("ms=2001", "ms", 2000),
     ("threads=17", "threads", 16)],
)  # fmt: skip
def test_parameters_are_bounded(client: Client, query: str, name: str, maximum: int) -> None:
    answer = client.ask("GET", f"/downstream?{query}")

    assert answer.status == 422
    assert (problem(answer)["parameter"], problem(answer)["maximum"]) == (name, maximum)


@pytest.mark.parametrize("query", ["calls=4&ms=60", "calls=4&ms=60&threads=4"])
def test_calls_are_made_in_turn_or_at_once(client: Client, query: str) -> None:
    began = time.perf_counter()
    assert client.ask("GET", f"/downstream?{query}").status == 200
    took_s = time.perf_counter() - began

    in_turn = isinstance(client, FlaskClient) and "threads" not in query
    assert took_s >= (4 if in_turn else 1) * 0.059
    if not in_turn:
        assert took_s < 4 * 0.06


def test_without_instruments_it_calls_as_well(twin: Any, called: str) -> None:
    bare = twin(Settings(downstream=called, instruments="off"))

    assert bare.ask("GET", "/downstream?calls=3&ms=1&threads=3").status == 200


@pytest.mark.alone
def test_the_course_of_calls_in_turn_shows_what_was_waited_for(called: str, tmp_path: Path) -> None:
    """A thread that waits for an answer is blocked, and not at work, as when it sleeps."""
    twin = FlaskClient(Settings(threads=1, downstream=called, ledgers=str(tmp_path)))
    asked = stamped() | {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}
    # The first call of a process loads what it calls with, and works for that long.
    assert twin.ask("GET", "/downstream?calls=1&ms=0").status == 200
    assert twin.ask("GET", "/downstream?calls=3&ms=40", asked).status == 200

    (written,) = tmp_path.glob("*.slices")
    (course,) = map(json.loads, written.read_text().splitlines())
    slices = [(one["state"], one["to_ns"] - one["from_ns"]) for one in course["slices"]]
    long = [state for state, length_ns in slices if length_ns > 38e6]
    assert long == ["block"] * 3
    assert sum(length for _, length in slices) <= course["ended_ns"] - course["began_ns"]


def test_without_a_downstream_there_is_nobody_to_call(twin: Any) -> None:
    answer = twin(Settings()).ask("GET", "/downstream")

    assert answer.status == 503
    assert "--downstream" in problem(answer)["detail"]
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("behaviour", sorted(set(ANSWERS) - {"ok"}))
@pytest.mark.parametrize("query", ["", "?calls=3&threads=3"])
def test_a_bad_answer_is_a_502_in_the_same_words(twin: Any, behaviour: str, query: str) -> None:
    with stub(behaviour) as service:
        answer = twin(Settings(downstream=service.root)).ask("GET", f"/downstream{query}")

        assert answer.status == 502
        status = {"500": 500, "404": 404, "redirect": 302}.get(behaviour)
        said = f"the downstream service answered {status}" if status else BROKEN
        assert problem(answer)["detail"] == said
        # Nobody was followed elsewhere.
        assert {line.split(" ")[1] for line in service.asked} == {"/wait?ms=10"}


def test_where_nobody_listens_is_a_502_at_once(twin: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    began = time.perf_counter()
    answer = twin(Settings(downstream=f"http://127.0.0.1:{port}")).ask("GET", "/downstream")

    assert answer.status == 502
    assert problem(answer)["detail"] == BROKEN
    assert time.perf_counter() - began < SOON_S


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("query", ["ms=50", "ms=50&calls=3&threads=3"])
def test_who_does_not_answer_in_time_is_a_504(twin: Any, query: str) -> None:
    with stub("silent") as service:
        began = time.perf_counter()
        answer = twin(Settings(downstream=service.root)).ask("GET", f"/downstream?{query}")
        took_s = time.perf_counter() - began

    assert answer.status == 504
    assert problem(answer)["detail"] == "the downstream service did not answer within 0.45 s"
    assert 0.44 <= took_s < 0.45 + SOON_S


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("query", ["ms=50", "ms=50&calls=3&threads=3"])
def test_an_answer_that_comes_in_drops_is_a_504_in_its_time(twin: Any, query: str) -> None:
    with stub("drops") as service:
        began = time.perf_counter()
        answer = twin(Settings(downstream=service.root)).ask("GET", f"/downstream?{query}")
        took_s = time.perf_counter() - began

    assert answer.status == 504
    assert problem(answer)["detail"] == "the downstream service did not answer within 0.45 s"
    # With its wait for a connection a call may take a quarter of a second more.
    assert 0.44 <= took_s < 0.7 + SOON_S


@pytest.mark.usefixtures("impatient")
def test_without_a_free_connection_is_a_503_that_says_when_to_come_again(
    twin: Any, called: str
) -> None:
    settings = Settings(downstream=called, downstream_connections=1)
    began = time.perf_counter()
    answer = twin(settings).ask("GET", "/downstream?calls=4&ms=600&threads=4")

    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    detail = "no connection to the downstream service was free within 0.25 s"
    assert problem(answer)["detail"] == detail
    assert SHORT_S <= time.perf_counter() - began < SHORT_S + SOON_S


@pytest.mark.parametrize("query", ["calls=5", "calls=5&threads=5"])
def test_the_first_failure_answers_at_once_and_stops_the_rest(twin: Any, query: str) -> None:
    with stub("500", "silent") as service:
        began = time.perf_counter()
        answer = twin(Settings(downstream=service.root)).ask("GET", f"/downstream?{query}")

        assert answer.status == 502
        assert time.perf_counter() - began < SOON_S
        if twin is FlaskClient and "threads" not in query:
            assert len(service.asked) == 1


def test_the_flask_twin_recovers_by_itself_and_leaks_no_connection(
    tmp_path: Path, impatient: None
) -> None:
    with downstream(tmp_path) as live:
        twin = FlaskClient(Settings(downstream=root(live), downstream_connections=2))
        assert twin.ask("GET", "/downstream?calls=2&threads=2").status == 200
        assert established(live.port) <= 2
        port = live.port
    assert twin.ask("GET", "/downstream").status == 502
    assert established(port) == 0
    with downstream(tmp_path, port=port) as live:
        assert twin.ask("GET", "/downstream").status == 200
        full = twin.ask("GET", "/downstream?calls=6&ms=500&threads=6")
        assert full.status == 503
        # Those that are under way end by themselves.
        deadline = time.monotonic() + 5
        while twin.ask("GET", "/downstream?calls=2&ms=1&threads=2").status != 200:
            assert time.monotonic() < deadline
        assert established(port) <= 2


def test_the_starlette_twin_recovers_by_itself_and_leaks_no_connection(
    tmp_path: Path, impatient: None
) -> None:
    ports: list[int] = []

    async def asked(app: Any, query: str = "") -> Answer:
        return await call(app, http_scope("GET", f"/downstream?{query}", {}))

    async def followed() -> None:
        with downstream(tmp_path) as live:
            ports.append(live.port)
            settings = Settings(downstream=root(live), downstream_connections=2)
            app = starlette_app.create_app(settings)
            living_ = living(app)
            await living_.__aenter__()
            assert (await asked(app, "calls=4&ms=5")).status == 200
            assert established(live.port) == 2
        assert (await asked(app)).status == 502
        assert established(ports[0]) == 0
        with downstream(tmp_path, port=ports[0]):
            assert (await asked(app, "calls=2")).status == 200
            assert (await asked(app, "calls=6&ms=500")).status == 503
            # All were stopped, so that both places are free at once.
            assert (await asked(app, "calls=2&ms=1")).status == 200
            assert established(ports[0]) == 2
            await living_.__aexit__(None, None, None)
        assert established(ports[0]) == 0

    asyncio.run(followed())


def test_a_request_that_is_cancelled_gives_its_connections_back(tmp_path: Path) -> None:
    async def cancelled() -> None:
        with downstream(tmp_path) as live:
            settings = Settings(downstream=root(live), downstream_connections=3)
            app = starlette_app.create_app(settings)
            async with living(app):
                for number in range(6):
                    scope = http_scope("GET", "/downstream?calls=3&ms=2000", {})
                    asking = asyncio.create_task(call(app, scope))
                    while established(live.port) < 3:
                        await asyncio.sleep(0.01)
                    asking.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await asking
                    assert established(live.port) == 0, number
                scope = http_scope("GET", "/downstream?calls=3&ms=1", {})
                assert (await call(app, scope)).status == 200

    asyncio.run(cancelled())


def test_no_more_connections_are_opened_than_are_allowed(tmp_path: Path, twin: Any) -> None:
    with downstream(tmp_path) as live:
        settings = Settings(downstream=root(live), downstream_connections=3)
        answer = twin(settings).ask("GET", "/downstream?calls=12&ms=30&threads=12")

        assert answer.status == 200
        assert counts(tmp_path)["active_max_requests",] == [3]
        assert counts(tmp_path)["requests_total", "200"] == [12]
