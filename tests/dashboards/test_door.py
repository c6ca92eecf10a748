"""The door: what it writes, what it prints, and how it fails."""

from pathlib import Path

import pytest

from dashboards.__main__ import main
from dashboards.report import page, text
from loadtests.analysis import summary_json
from tests.dashboards import summaries


def save(run: Path) -> Path:
    run.mkdir(parents=True)
    (run / "summary.json").write_text(summary_json.to_json(summaries.tour()), encoding="utf-8")
    return run


def test_report_writes_the_page_and_prints_table_findings_and_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = save(tmp_path / "results" / "latest")
    monkeypatch.chdir(tmp_path)

    assert main(["report"]) == 0

    made = summaries.tour()
    printed = capsys.readouterr().out
    assert printed == f"{text.render(made)}\nReport: results/latest/report.html\n"
    assert (run / "report.html").read_text(encoding="utf-8") == page.render(made)
    assert sorted(p.name for p in run.iterdir()) == ["report.html", "summary.json"]


def test_a_run_without_summary_is_one_line_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / "none")]) == 1

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith(f"error: {tmp_path / 'none' / 'summary.json'}: ")
    assert "python -m loadtests analyze" in error


@pytest.mark.parametrize("broken", ["{", "[]", '{"schema_version": 99}', '{"schema_version": 1}'])
def test_a_broken_summary_is_one_line_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    (tmp_path / "summary.json").write_text(broken, encoding="utf-8")

    assert main(["report", str(tmp_path)]) == 1

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "python -m loadtests analyze" in error
    assert not (tmp_path / "report.html").exists()


def test_a_page_that_cannot_be_written_is_one_line_and_leaves_no_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = save(tmp_path / "run")
    (run / "report.html").mkdir()

    assert main(["report", str(run)]) == 1

    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert sorted(p.name for p in run.iterdir()) == ["report.html", "summary.json"]


@pytest.mark.parametrize("arguments", [[], ["draw"], ["report", "a", "b"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)

    assert stop.value.code == 2
