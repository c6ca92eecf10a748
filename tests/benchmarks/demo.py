"""What the main job costs: its seconds, and the memory of the runner and of the analysis."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import figures

ROOT = Path(__file__).parent.parent.parent
RUNS = 3
ANALYSES = 5
MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10
"""`ru_maxrss` counts bytes on macOS and KiB on Linux."""


def main() -> None:
    """The demo as installed, its analysis, and the demo in a fresh clone."""
    runs = [timed(["make", "demo"], ROOT)[0] for _ in range(RUNS)]
    figures.save("demo.seconds", runs)
    runner = [timed([sys.executable, "-m", "loadtests", "run", "tour"], ROOT)[1]]
    figures.save("runner.peak_mb", runner)
    latest = os.path.realpath(ROOT / "results" / "latest")
    analyze = [sys.executable, "-m", "loadtests", "analyze", latest]
    analyses = [timed(analyze, ROOT) for _ in range(ANALYSES)]
    figures.save("analysis.tour_seconds", [seconds for seconds, _ in analyses])
    figures.save("analysis.peak_mb", [peak_mb for _, peak_mb in analyses])
    figures.save("demo.fresh_clone_seconds", [fresh_clone()])


def timed(argv: list[str], where: Path) -> tuple[float, float]:
    """Wall seconds and peak memory in MiB of one process (not of its children)."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, cwd=where, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"error: {' '.join(argv)} ended with exit code {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / MEGABYTE


def fresh_clone() -> float:
    """Seconds of `make demo` in a clone of what is committed, installation included."""
    folder = Path(tempfile.mkdtemp())
    try:
        clone = folder / "clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        return timed(["make", "demo"], clone)[0]
    finally:
        shutil.rmtree(folder)
