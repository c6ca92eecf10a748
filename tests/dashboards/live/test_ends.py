"""Whatever ends or is ended: a worker, a twin, the page, and all that it has started."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from loadtests.live.twin import READY_S
from tests.dashboards.live.hands import SOON_MS, number, slide, tell, until
from tests.dashboards.live.pages import END_S, Running, live, ports, start
from tests.loadtests.mini import descendants, eventually, gone

pytestmark = [pytest.mark.slow, pytest.mark.live]
WITHIN_MS = 5000
# So long the session itself waits for a server.
STARTED_MS = READY_S * 1000
ALL = 4
"""The session, gunicorn with its worker, and uvicorn."""


def workers_of(running: Running, word: str) -> list[psutil.Process]:
    """The processes of a server, the eldest first."""
    found = []
    for one in descendants(running.process):
        try:
            if word in " ".join(one.cmdline()):
                found.append(one)
        except psutil.Error:
            continue
    return sorted(found, key=lambda one: one.create_time())


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """All that it has started, once that is all."""
    eventually(lambda: len(descendants(process)) >= ALL)
    return descendants(process)


def test_a_worker_that_is_killed_is_replaced_and_the_picture_goes_on(
    tab: Page, running: Running
) -> None:
    supervisor, worker = workers_of(running, "gunicorn")
    os.kill(worker.pid, signal.SIGKILL)

    def replaced() -> bool:
        pids = {one.pid for one in workers_of(running, "gunicorn")}
        return len(pids) == 2 and supervisor.pid in pids and worker.pid not in pids

    until(tab, replaced)
    until(tab, lambda: min(number(tab, side, "answered_rps") for side in (0, 1)) > 10)


def test_a_twin_that_is_killed_is_shown_and_started_from_the_page(
    tab: Page, running: Running
) -> None:
    server = workers_of(running, "uvicorn_launcher")[0]
    os.kill(server.pid, signal.SIGKILL)

    again = tab.locator(".twin[data-side='1']").get_by_role("button", name="Start it again")
    expect(again).to_be_visible(timeout=SOON_MS)
    expect(tab.locator(".twin[data-side='1'] .ended")).to_contain_text("It was ended by SIGKILL.")
    until(tab, lambda: number(tab, 0, "answered_rps") > 10)
    again.click()
    until(tab, lambda: number(tab, 1, "answered_rps") > 10)
    expect(again).to_be_hidden()


def test_processes_in_place_of_threads_and_more_workers(browser: Browser, tmp_path: Path) -> None:
    with live(tmp_path / "log", "--wsgi", "sync", "--asgi", "asgi") as running:
        tab = browser.new_page(viewport={"width": 1280, "height": 720})
        tab.goto(running.address)
        until(tab, lambda: number(tab, 0, "answered_rps") > 20)
        expect(tab.locator("#controls")).to_contain_text("Processes a worker: 8")
        slide(tab, "workers", 2)
        expect(tab.locator(".twin[data-state=running] canvas").first).to_have_attribute(
            "aria-label", re.compile("16 lanes"), timeout=STARTED_MS
        )
        expect(tab.locator(".twin[data-state=running]")).to_have_count(2, timeout=STARTED_MS)
        until(tab, lambda: min(number(tab, side, "answered_rps") for side in (0, 1)) > 20)
        assert len(workers_of(running, "gunicorn")) == 1 + 16
        tab.close()

    assert "Traceback" not in running.log.read_text()


def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    with live(tmp_path / "log") as running:
        family = family_of(running.process)

    assert running.process.returncode == 0
    assert gone(family)
    assert running.log.read_text().count("\n") == 1


def test_ctrl_c_while_it_starts_ends_everything_too(tmp_path: Path) -> None:
    with start(tmp_path / "log", *ports()) as process:
        eventually(lambda: descendants(process))
        family = descendants(process)
        process.send_signal(signal.SIGINT)
        code = process.wait(END_S)

    assert code == 0
    assert gone(family)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_page_that_is_killed_takes_its_session_and_its_servers_with_it(tmp_path: Path) -> None:
    with start(tmp_path / "log", *ports()) as process:
        family = family_of(process)
        process.kill()
        process.wait()

        eventually(lambda: gone(family))
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_session_that_is_killed_is_said_and_the_page_still_ends(
    browser: Browser, tmp_path: Path
) -> None:
    with live(tmp_path / "log") as running:
        tab = browser.new_page()
        tab.goto(running.address)
        until(tab, lambda: number(tab, 0, "answered_rps") > 10)
        family = family_of(running.process)
        session = workers_of(running, "loadtests")[0]
        session.terminate()

        expect(tab.locator("#state")).to_contain_text("The session has ended", timeout=SOON_MS)
        eventually(lambda: gone(family))
        assert "ended" in tell(tab, {"do": "restart", "twin": 0})
        tab.close()

    assert running.process.returncode == 0
    assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize("which", ["--port", "--wsgi-port", "--asgi-port", "--downstream-port"])
def test_a_port_that_is_taken_is_an_error_in_one_line(tmp_path: Path, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with start(tmp_path / "log", *ports(), which, str(number)) as process:
            assert process.wait(END_S) == 1

    said = (tmp_path / "log").read_text()
    assert f"port {number} cannot be had" in said
    assert which in said
    assert "Traceback" not in said
