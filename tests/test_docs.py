"""What the README says exists, exists; and what exists is in the README."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from loadtests.experiment import EXPERIMENTS
from servers.contract import ENDPOINTS
from servers.profiles import PROFILES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):.*## ", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_its_row(profile: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{profile}` |"))

    assert PROFILES[profile].server in row
    assert PROFILES[profile].twin in row.lower()


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_endpoint_has_its_row(path: str) -> None:
    names = "&".join(f"{parameter.name}=" for parameter in ENDPOINTS[path].parameters)
    shown = f"`{ENDPOINTS[path].method} {path}{'?' if names else ''}{names}`"

    assert f"| {shown} |" in README


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_experiment_is_named(file: Path) -> None:
    assert file.stem in README


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_make_target_that_is_named_exists(text: str) -> None:
    assert set(re.findall(r"make ([a-z][a-z-]+)", text)) - {"it"} <= TARGETS


def test_help_lists_every_target() -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert set(re.findall(r"^  make ([a-z-]+)", shown, re.MULTILINE)) == TARGETS
    assert {"demo", "test", "check", "run", "report", "bench", "help"} <= TARGETS


def test_every_link_into_the_repository_leads_somewhere() -> None:
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert target.startswith("https://") or (ROOT / target).exists(), target


def test_no_tracked_file_names_this_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    home = str(Path.home())
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".json", ".html", ".yml", ".lock"}:
            text = path.read_text("utf-8", errors="replace")
            assert str(ROOT) not in text, name
            assert home == "/" or f"{home}/" not in text, name
