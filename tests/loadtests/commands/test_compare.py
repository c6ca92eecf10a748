"""`compare` as a user meets it: what it prints, what it refuses, and its exit codes."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import pytest

from loadtests.analysis.summary import Summary
from loadtests.commands import compare
from loadtests.results import ResultsError
from tests.loadtests.analysis.simulated import ENVIRONMENT, run
from tests.loadtests.commands.folders import parser, save


def answer(tmp_path: Path, a: Summary, b: Summary, *options: str) -> int:
    sides = [save(tmp_path / name, side) for name, side in (("a", a), ("b", b))]
    door, commands = parser()
    compare.add(commands)
    arguments = door.parse_args(["compare", *map(str, sides), *options])
    code: int = arguments.do(arguments)
    return code


def test_nothing_worse_is_0_and_something_worse_is_1(tmp_path: Path) -> None:
    slower = {"latency_p50_ms": 1.1}

    assert answer(tmp_path / "same", run(1), run(2)) == 0
    assert answer(tmp_path / "slower", run(1), run(2, slower)) == 1
    assert answer(tmp_path / "faster", run(1, slower), run(2)) == 0
    assert answer(tmp_path / "allowed", run(1), run(2, slower), "--band", "1.3") == 0


def test_what_got_worse_stands_first_with_its_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {**ENVIRONMENT, "commit": "2222222+"}
    b = run(2, {"latency_p50_ms": 1.5}, noise=0.0, environment=environment)
    answer(tmp_path, run(1, noise=0.0), b)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "A: tour run-1, commit 1111111, 28 of 28 trials valid"
    assert lines[1] == (
        "B: tour run-2, commit 2222222 with uncommitted changes, 28 of 28 trials valid"
    )
    assert lines[3] == "worse (1)"
    assert lines[4].split("  ") == [
        "",
        "uvloop",
        "wait at rate-100",
        "latency p50, ms",
        "102 → 153",
        "× 1.50",
        "1.50 to 1.50, 7 + 7 trials",
    ]
    assert lines[6] == "no visible difference (23)"
    assert "Of 24 such intervals about 1.2 exclude 1 by chance" in " ".join(lines)


def test_what_cannot_be_judged_is_2_unless_something_is_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    b = run(2)
    broken = dataclasses.replace(
        b,
        trials=tuple(
            dataclasses.replace(trial, valid=trial.load == "rate-20") for trial in b.trials
        ),
    )
    worse = run(2, {"latency_p50_ms": 1.5})
    both = dataclasses.replace(
        worse,
        trials=tuple(
            dataclasses.replace(trial, valid=trial.profile == "uvloop") for trial in worse.trials
        ),
    )

    assert answer(tmp_path / "broken", run(1), broken) == 2
    assert "  sync, wait at rate-100: no valid trial in B" in capsys.readouterr().out
    assert answer(tmp_path / "both", run(1), both) == 1
    assert answer(tmp_path / "few", run(1, repetitions=2), run(2, repetitions=2)) == 2
    assert "needs three valid trials a side" in capsys.readouterr().out


def test_a_run_with_nothing_in_common_is_said_to_be_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(tmp_path, run(1), dataclasses.replace(run(2), trials=()), "--unlike") == 2
    assert "The runs have no valid trials of the same profile" in capsys.readouterr().out


def test_unlike_runs_are_refused_with_every_reason(tmp_path: Path) -> None:
    other = dataclasses.replace(run(2, environment={**ENVIRONMENT, "cores": 4}), seed=8)

    with pytest.raises(ResultsError) as refused:
        answer(tmp_path, run(1), other)

    assert "  cores: 8 in A, 4 in B\n" in str(refused.value)
    assert "  seed: 7 in A, 8 in B\n" in str(refused.value)
    assert "--unlike" in str(refused.value)


def test_unlike_runs_are_compared_when_told_to_and_the_differences_stand_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = run(2, {"latency_p50_ms": 1.5}, environment={**ENVIRONMENT, "cores": 4})

    assert answer(tmp_path, run(1), other, "--unlike") == 1
    assert capsys.readouterr().out.splitlines()[2] == "unlike: cores: 8 in A, 4 in B"


def test_the_result_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(tmp_path, run(1), run(2, {"latency_p50_ms": 1.5}), "--json") == 1

    found = json.loads(capsys.readouterr().out)
    assert (found["a"]["run_id"], found["b"]["commit"]) == ("run-1", "1111111")
    assert (found["exit_code"], found["unlike"], len(found["differences"])) == (1, [], 24)
    (worse,) = (d for d in found["differences"] if d["verdict"] == "worse")
    assert (worse["profile"], worse["metric"]) == ("uvloop", "latency_p50_ms")
    assert worse["low"] < worse["ratio"] < worse["high"]


def test_a_lower_bound_is_shown_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = run(2, noise=0.0)
    at = b.trials[0].latency_ms
    bounded = dataclasses.replace(
        b.trials[0], latency_ms=dataclasses.replace(at, lower_bound_from_ms=1.0)
    )
    b = dataclasses.replace(b, trials=(bounded, *b.trials[1:]))

    answer(tmp_path, run(1, noise=0.0), b)

    assert "102 → ≥ 102" in capsys.readouterr().out


def test_what_is_no_analyzed_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(ResultsError, match="not a run folder"):
        compare.do(arguments(tmp_path / "none", tmp_path))

    old = save(tmp_path / "old", run(1))
    new = save(tmp_path / "new", run(2))
    (old / "summary.json").write_text('{"schema_version": 1}')
    with pytest.raises(ResultsError, match="schema_version is 1"):
        compare.do(arguments(new, old))
    (old / "summary.json").unlink()
    with pytest.raises(ResultsError, match="make report"):
        compare.do(arguments(new, old))


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    save(tmp_path / "a", run(1))
    (tmp_path / "latest").symlink_to("a")

    with pytest.raises(ResultsError, match="the same run"):
        compare.do(arguments(tmp_path / "a", tmp_path / "latest"))


def arguments(a: Path, b: Path) -> argparse.Namespace:
    door, commands = parser()
    compare.add(commands)
    return door.parse_args(["compare", str(a), str(b)])


@pytest.mark.parametrize("band", ["1", "0.9", "11", "nan", "wide"])
def test_a_band_that_is_none_is_refused(
    band: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    door, commands = parser()
    compare.add(commands)

    with pytest.raises(SystemExit) as refused:
        door.parse_args(["compare", "a", "b", "--band", band])

    assert refused.value.code == 2
    assert band in capsys.readouterr().err


def test_the_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    door, commands = parser()
    compare.add(commands)
    with pytest.raises(SystemExit):
        door.parse_args(["compare", "--help"])

    out = capsys.readouterr().out
    assert all(f"\n  {code}  " in out for code in (0, 1, 2))
