"""The door: what it writes, what it prints, and how it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.__main__ import main
from dashboards.report import page, text
from loadtests.analysis import summary_json
from tests.dashboards import summaries

ROOT = Path(__file__).parents[2]


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
    assert "make report RUN=" in error


@pytest.mark.parametrize("broken", ["{", "[]", '{"schema_version": 99}', '{"schema_version": 1}'])
def test_a_broken_summary_is_one_line_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    (tmp_path / "summary.json").write_text(broken, encoding="utf-8")

    assert main(["report", str(tmp_path)]) == 1

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "make report RUN=" in error
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


def run_door(*options: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *options],
        cwd=ROOT, env=os.environ | environment, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.slow
def test_ctrl_c_during_the_imports_is_one_line_and_130(tmp_path: Path) -> None:
    stop = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"
    (tmp_path / "jinja2.py").write_text(stop, encoding="utf-8")

    done = run_door("-m", "dashboards", "report", str(tmp_path), PYTHONPATH=str(tmp_path))

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"interrupted\n")


def test_ctrl_c_while_the_page_is_made_is_one_line_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> str:
        raise KeyboardInterrupt

    run = save(tmp_path / "run")
    monkeypatch.setattr(page, "render", interrupt)

    assert main(["report", str(run)]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")
    assert sorted(p.name for p in run.iterdir()) == ["summary.json"]


@pytest.mark.slow
def test_an_interpreter_without_the_packages_is_one_line_with_the_remedy() -> None:
    done = run_door("-S", "-m", "dashboards", "report")
    remedy = "run this with .venv/bin/python (make demo makes it)\n"

    assert done.returncode == 2
    assert done.stderr.decode() == f"error: jinja2 is not installed: {remedy}"


@pytest.mark.slow
def test_an_ascii_terminal_gets_the_whole_table(tmp_path: Path) -> None:
    run = save(tmp_path / "run")

    done = run_door("-m", "dashboards", "report", str(run), PYTHONIOENCODING="ascii")

    shown = text.render(summaries.tour()).encode("ascii", "replace")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?6142" in shown
    assert done.stdout.startswith(shown + b"\nReport: ")
