"""Ten million samples analysed: seconds, and peak memory in MiB, of a process of its own."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from loadtests.results import RunFolder
from tests.benchmarks import figures
from tests.benchmarks.timed import timed

SAMPLES = 10_000_000
RUNS = 3


def main() -> None:
    """Make the run once, and analyse it several times."""
    with tempfile.TemporaryDirectory() as name:
        # A child's peak begins with its parent's memory: the samples are made in another process.
        timed([sys.executable, "-m", "tests.benchmarks.made", name, str(SAMPLES)])
        found = [timed([sys.executable, "-m", "loadtests", "analyze", name]) for _ in range(RUNS)]
        trial = json.loads(RunFolder(Path(name)).summary.read_text())["trials"][0]
    if not trial["valid"]:
        raise SystemExit(f"error: the trial should be valid: {trial['reasons']}")
    figures.save("analysis.ten_million_seconds", [seconds for seconds, _ in found])
    figures.save("analysis.ten_million_peak_mb", [peak_mb for _, peak_mb in found])
