"""How well a prediction knew: its capacity over the one that was searched for, for `/wait`.

Predictions are written down before the search, and the whole is the shipped experiment `capacity`,
of some of its profiles.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from loadtests.analysis import summary_json
from loadtests.experiment import EXPERIMENTS
from tests.benchmarks import figures
from tests.benchmarks.timed import ROOT

PROFILES = ("sync", "gthread", "asgi")
RUNS = 3


def main() -> None:
    """Every run predicts and searches; a figure is the ratio of what each of them found."""
    ratios: dict[str, list[float]] = {profile: [] for profile in PROFILES}
    probes: list[float] = []
    widths: list[float] = []
    for number in range(RUNS):
        summary = summary_json.read(_run(number))
        for one in summary.decisions.predictions:
            if one.measured_rps:
                ratios[one.profile].append(one.capacity_rps / one.measured_rps)
        for capacity in summary.capacities:
            widths.append((capacity.high_rps / capacity.low_rps) ** 0.5)
            probes.append(float(len(capacity.probes)))
    for profile, found in ratios.items():
        figures.save(f"prediction.capacity_ratio.{profile}", found)
    figures.save("search.half_width", widths)
    figures.save("search.probes", probes)


def _run(number: int) -> Path:
    """One run, with requests at other times than in any other."""
    names = ", ".join(f'"{name}"' for name in PROFILES)
    text = (EXPERIMENTS / "capacity.toml").read_text("utf-8")
    text = re.sub(r"^profiles = .*$", f"profiles = [{names}]", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^seed = .*$", f"seed = {20261106 + number}", text, count=1, flags=re.MULTILINE)
    folder = Path(tempfile.mkdtemp())
    (folder / "capacity.toml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "loadtests", "run", str(folder / "capacity.toml")]
    subprocess.run([*command, "--output", str(folder / "run")], cwd=ROOT, check=True)
    return folder / "run" / "summary.json"
