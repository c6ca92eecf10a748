"""What the main job costs: its seconds, and the memory of the runner and of the analysis."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import figures
from tests.benchmarks.timed import ROOT, timed

RUNS = 3
ANALYSES = 5


def main() -> None:
    """The demo as installed, its analysis, and the demo in a fresh clone."""
    runs = [timed(["make", "demo"])[0] for _ in range(RUNS)]
    figures.save("demo.seconds", runs)
    runner = [timed([sys.executable, "-m", "loadtests", "run", "tour"])[1]]
    figures.save("runner.peak_mb", runner)
    latest = os.path.realpath(ROOT / "results" / "latest")
    analyze = [sys.executable, "-m", "loadtests", "analyze", latest]
    analyses = [timed(analyze) for _ in range(ANALYSES)]
    figures.save("analysis.tour_seconds", [seconds for seconds, _ in analyses])
    figures.save("analysis.peak_mb", [peak_mb for _, peak_mb in analyses])
    figures.save("demo.fresh_clone_seconds", [fresh_clone()])


def fresh_clone() -> float:
    """Seconds of `make demo` in a clone of what is committed, installation included."""
    folder = Path(tempfile.mkdtemp())
    try:
        clone = folder / "clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        return timed(["make", "demo"], clone)[0]
    finally:
        shutil.rmtree(folder)
