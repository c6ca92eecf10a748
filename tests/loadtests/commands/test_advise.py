"""The decision card as it is printed."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from loadtests.analysis.advice_basis import basis_of, with_slots
from loadtests.analysis.summary_json import to_json
from loadtests.commands import advise
from loadtests.results import ResultsError
from tests.loadtests.analysis.claims.built import Case, capacity, summary

CASES = [
    *(Case(p, "trivial", 30.0, cpu_ms=ms) for p, ms in (("sync", 0.8), ("gthread", 0.7))),
    *(Case(p, "trivial", 30.0, cpu_ms=0.3) for p in ("uvloop", "hybrid")),
    Case("uvloop", "wait", 30.0, cpu_ms=0.4),
]


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    advise.add(parser.add_subparsers())
    return parser.parse_args(["advise", *words])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    made = summary(CASES, (1.0,), capacities=(capacity("uvloop", "wait", 900.0),))
    (tmp_path / "experiment.toml").write_text("")
    (tmp_path / "summary.json").write_text(to_json(made), "utf-8")
    return tmp_path


def test_the_card(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = parsed(
        "--cpu-ms", "2", "--wait-ms", "100", "--fan-out", "1", "--concurrency", "200", str(run)
    )

    assert arguments.do(arguments) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 ms of CPU, 100 ms of waiting, 200 at once: ASYNC (predicted)"
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines]
    assert ["async", "uvloop", "435/s", "cpu", "102", "ms", "460", "ms"] in rows
    assert ["sync", "sync", "38.9/s", "slots", "103", "ms", "5.1", "s"] in rows
    text = " ".join(" ".join(lines).split())
    assert "run 2026-11-22T000000Z-0000" in text
    assert "sync 0.8 ms (trial 1)" in text
    assert "not in this run: greenlets" in text
    assert "Crossover any up to 4 in hand, async above" in text


def test_the_longest_card_fits(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = parsed(
        "--cpu-ms", "0.5", "--wait-ms", "5", "--fan-out", "12", "--concurrency", "1000000",
        "--blocking", "--payload-kb", "2000", str(run),
    )  # fmt: skip

    arguments.do(arguments)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("0.5 ms of CPU, 12 × 5 ms of blocking")


def test_what_was_searched_for_is_marked(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = parsed("--cpu-ms", "0", "--wait-ms", "100", "--concurrency", "200", str(run))

    arguments.do(arguments)

    out = capsys.readouterr().out
    assert "900/s*" in out
    assert "* is a capacity that was searched for" in " ".join(out.split())


def test_more_slots_than_the_run_had_can_be_asked_about(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--cpu-ms", "2", "--wait-ms", "100", "--concurrency", "200")
    arguments = parsed(*asked, "--slots", "64", str(run))

    arguments.do(arguments)

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    # 64 places for 102.8 ms each, and a processor for 2.8 ms of each request.
    assert ["sync", "sync", "357/s", "cpu", "103", "ms", "560", "ms"] in rows
    assert any("64 slots" in " ".join(row) for row in rows)


def test_what_a_run_measured_with_its_own_slots_is_not_told_of_others() -> None:
    made = summary(
        CASES,
        (1.0,),
        capacities=(capacity("uvloop", "wait", 900.0), capacity("sync", "wait", 30.0)),
    )
    basis = basis_of(made)

    assert with_slots(basis, basis.slots) == basis
    assert [known.choice for known in with_slots(basis, 99).measured] == ["async"]


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    arguments = parsed("--cpu-ms", "1", "--wait-ms", "1", str(tmp_path))

    with pytest.raises(ResultsError, match="not a run folder"):
        arguments.do(arguments)


def test_a_run_without_a_summary_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "experiment.toml").write_text("")
    arguments = parsed("--cpu-ms", "1", "--wait-ms", "1", str(tmp_path))

    with pytest.raises(ResultsError, match="make report"):
        arguments.do(arguments)


def test_without_any_run_there_is_none_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = parsed("--cpu-ms", "1", "--wait-ms", "1")

    with pytest.raises(ResultsError, match="make demo"):
        arguments.do(arguments)


def test_a_run_that_says_nothing_of_costs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "experiment.toml").write_text("")
    (tmp_path / "summary.json").write_text(to_json(summary([])), "utf-8")
    arguments = parsed("--cpu-ms", "1", "--wait-ms", "1", str(tmp_path))

    with pytest.raises(ResultsError, match="no valid trial"):
        arguments.do(arguments)


@pytest.mark.parametrize("words", [("--cpu-ms", "-1"), ("--cpu-ms", "nan"), ("--fan-out", "-2")])
def test_what_cannot_be_is_refused(
    words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed("--wait-ms", "1", *({"--cpu-ms": "1"} | dict([words])).popitem(), *words)

    assert words[1] in capsys.readouterr().err
