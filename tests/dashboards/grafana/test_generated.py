"""The committed files are what the code makes, and what the SDK understands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import __main__ as entry
from dashboards.grafana import board, generate
from tests.dashboards.grafana.shown import DASHBOARDS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("path", generate.files(), ids=lambda path: path.name)
def test_a_committed_file_is_as_its_code_makes_it(path: Path) -> None:
    assert path.read_text("utf-8") == generate.files()[path]


def test_the_check_passes_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["grafana", "--check"]) == 0

    assert capsys.readouterr().out == "8 files are as the code makes them\n"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(generate, "HOME", tmp_path / "generated")
    monkeypatch.chdir(tmp_path)
    assert len(generate.write()) == 7
    return tmp_path / "generated"


def test_the_check_names_the_file_that_differs(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = elsewhere / "blocking.json"
    path.write_text(path.read_text("utf-8").replace("p99", "p98", 1), "utf-8")

    assert entry.main(["grafana", "--check"]) == 1

    error = capsys.readouterr().err
    assert error == (
        "error: not as the code makes it: generated/blocking.json; run make dashboards\n"
    )
    assert "p98" in path.read_text("utf-8")


def test_what_differs_is_made_again_and_what_is_no_dashboard_any_more_is_removed(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "twins.json").unlink()
    (elsewhere / "old.json").write_text("{}", "utf-8")

    assert entry.main(["grafana"]) == 0
    printed = capsys.readouterr().out
    assert entry.main(["grafana", "--check"]) == 0

    assert printed == "made again:\ngenerated/twins.json\ngenerated/old.json\n"
    assert sorted(path.stem for path in elsewhere.iterdir()) == sorted(board.TITLES)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_sdk_reads_a_dashboard_without_losing_anything(name: str) -> None:
    """It drops what it does not know: a key that is spelt wrong would be missing."""
    again = generate.document(Dashboard.from_json(DASHBOARDS[name]))

    assert again == (generate.HOME / f"{name}.json").read_text("utf-8")


def test_there_are_seven_dashboards_in_the_classic_schema() -> None:
    assert sorted(DASHBOARDS) == sorted(board.TITLES)
    assert {one["schemaVersion"] for one in DASHBOARDS.values()} == {42}
    assert {one["uid"] for one in DASHBOARDS.values()} == {f"testbed-{n}" for n in board.TITLES}


def test_a_report_needs_no_sdk() -> None:
    code = "import sys, dashboards.door; sys.exit('grafana_foundation_sdk' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)

    assert done.returncode == 0


def test_without_the_sdk_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [n for n in sys.modules if n.startswith("dashboards.grafana")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("dashboards.grafana")
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk", None)
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk.builders", None)

    assert entry.main(["grafana"]) == 1

    error = capsys.readouterr().err
    assert error.startswith("error: grafana_foundation_sdk")
    assert error.endswith("is not installed: make dashboards installs it\n")
