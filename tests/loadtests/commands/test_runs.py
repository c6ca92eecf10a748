"""`runs`: every run in a line, newest first, and no folder can stop it."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from loadtests.commands import runs
from loadtests.commands.listed import listed
from tests.loadtests.analysis.simulated import ENVIRONMENT, run
from tests.loadtests.commands.folders import parser, save

OLD, NEW = "2026-11-22T181554Z-905f", "2026-11-23T020000Z-7d3b"


def lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    door, commands = parser()
    runs.add(commands)
    arguments = door.parse_args(["runs", str(folder)])
    assert arguments.do(arguments) == 0
    return capsys.readouterr().out.splitlines()


def test_runs_are_listed_newest_first_with_what_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = run(1, repetitions=1, planned_trials=12)
    one_invalid = (dataclasses.replace(summary.trials[0], valid=False), *summary.trials[1:])
    environment = {**ENVIRONMENT, "commit": "828fe2e+", "cpu": "Intel(R) Xeon(R) CPU @ 2.20GHz"}
    save(tmp_path / "tour" / OLD, run(2, repetitions=2))
    newer = dataclasses.replace(summary, trials=one_invalid, environment=environment)
    save(tmp_path / "small" / NEW, newer)
    (tmp_path / "latest").symlink_to(tmp_path / "small" / NEW)
    (tmp_path / "bench.json").write_text("{}")

    found = lines(tmp_path, capsys)

    assert found[0].split("  ")[0].strip() == "run"
    assert [line.split()[0] for line in found[1:]] == [
        str(tmp_path / "small" / NEW),
        str(tmp_path / "tour" / OLD),
    ]
    cells = [cell.strip() for cell in found[1].split("  ") if cell.strip()]
    assert cells[1:] == [
        "small", "2026-11-23 02:00", "828fe2e+", "4/12", "3", "3.11.9", "Intel Xeon, 8 cores",
    ]  # fmt: skip
    assert "8/8" in found[2]


def test_a_run_whose_folder_has_another_name_has_the_time_of_its_folder(tmp_path: Path) -> None:
    path = save(tmp_path / "mine", run(1, repetitions=1))
    os.utime(path, (86400.0, 86400.0))

    assert listed(path).began_s == 86400.0


def test_a_run_may_lie_at_the_first_level(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "mine", run(1, repetitions=1))

    assert [line.split()[0] for line in lines(tmp_path, capsys)[1:]] == [str(tmp_path / "mine")]


def broken(path: Path, name: str) -> None:
    """What is wrong with a run folder, by the name of its file."""
    match name:
        case "experiment.toml":
            (path / name).write_text("name = ")
        case "no experiment":
            (path / "experiment.toml").unlink()
        case "binary":
            (path / "experiment.toml").write_bytes(b"\xff\xfe")
        case "environment.json":
            (path / name).write_text('{"python": ')
        case "a list":
            (path / "environment.json").write_text("[]")
        case "no environment":
            (path / "environment.json").unlink()
        case "no trials":
            for trial in (path / "trials").iterdir():
                trial.rmdir()
        case "foreign trial":
            (path / "trials" / "1x-sync").mkdir()
        case "summary.json":
            (path / name).write_text('{"schema_version": 3, "trials": [')
        case "no summary":
            (path / "summary.json").unlink()
        case "old summary":
            (path / "summary.json").write_text('{"schema_version": 1, "trials": {"a": 1}}')
        case "fewer":
            found = json.loads((path / "summary.json").read_text())
            (path / "summary.json").write_text(json.dumps({**found, "trials": found["trials"][:1]}))


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("experiment.toml", "experiment.toml cannot be read as an experiment"),
        ("binary", "experiment.toml cannot be read as an experiment"),
        ("no experiment", "not a run: no experiment.toml"),
        ("environment.json", "environment.json is broken: restore it from a copy"),
        ("a list", "environment.json is broken: restore it from a copy"),
        ("no environment", "environment.json is missing: restore it from a copy"),
        ("no trials", "no trial was saved"),
        ("foreign trial", "no trial was saved"),
        ("summary.json", "summary.json is broken: make report RUN=…"),
        ("no summary", "summary.json is missing: make report RUN=…"),
        ("old summary", "summary.json is of another version: make report RUN=…"),
        ("fewer", "summary.json has 1 trials: make report RUN=…"),
    ],
)
def test_what_is_wrong_stands_in_the_line(
    what: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "tour" / OLD, run(1, repetitions=1))
    save(tmp_path / "tour" / NEW, run(2, repetitions=1))
    broken(tmp_path / "tour" / NEW, what)

    found = lines(tmp_path, capsys)

    assert len(found) == 3
    assert found[1].endswith(f"  ! {fault}")
    assert "!" not in found[2]


def test_of_a_run_without_a_summary_the_planned_trials_are_those_of_its_experiment(
    tmp_path: Path,
) -> None:
    path = save(tmp_path / OLD, run(1, repetitions=1))
    (path / "summary.json").unlink()
    (path / "trials" / "1-sync").rename(path / "trials" / ".1-sync")

    assert listed(path).trials == "3/3"
    assert listed(path).valid == "–"


def test_where_there_are_no_runs_it_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (remedy,) = lines(tmp_path / "nowhere", capsys)

    assert remedy.startswith(f"no runs in {tmp_path / 'nowhere'}/: ")
    assert "make demo" in remedy
