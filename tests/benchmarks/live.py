"""The live page's own cost: the share of a core that a browser takes to show it at 1280 × 720."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks import figures
from tests.dashboards import chromium
from tests.dashboards.live.pages import live

WINDOWS, WINDOW_S = 7, 8.0
SETTLE_S = 6.0


def main() -> None:
    """Measure a page under the load that it begins with, in a browser that shows nothing else."""
    program = chromium.program()
    if program is None:
        print("live: no chromium here, not measured")
        return
    with tempfile.TemporaryDirectory() as folder, live(Path(folder) / "log") as running:
        before = {child.pid for child in psutil.Process().children(recursive=True)}
        with chromium.started(program) as browser:
            tab = browser.new_page(viewport={"width": 1280, "height": 720})
            blank = [_share(before) for _ in range(3)]
            tab.goto(running.address)
            tab.wait_for_selector(".twin[data-state=running] >> nth=1")
            tab.wait_for_timeout(1000 * SETTLE_S)
            shares = [_share(before) for _ in range(WINDOWS)]
    print(f"live: an empty page takes {sorted(blank)[1]:.3f} of a core")
    figures.save("live.page_cpu", shares)


def _share(before: set[int]) -> float:
    """Of a core, over a window: what all processes of the browser use."""
    then, at = _used(before), time.perf_counter()
    time.sleep(WINDOW_S)
    return (_used(before) - then) / (time.perf_counter() - at)


def _used(before: set[int]) -> float:
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            if child.pid not in before and "chromium" in child.name():
                times = child.cpu_times()
                total += times.user + times.system
        except psutil.Error:
            continue
    return total
