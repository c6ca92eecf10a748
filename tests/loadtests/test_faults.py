"""What goes wrong on real machines, provoked with real servers and the real Locust."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from loadtests import results
from loadtests.analysis import summary_json
from tests.loadtests import mini

pytestmark = [pytest.mark.slow, pytest.mark.runs]


def trial_under_way(output: Path) -> bool:
    """Whether a generator has been told to begin."""
    return any(output.glob("trials/.*/plan.json"))


def test_an_interrupt_leaves_no_process_and_keeps_what_was_saved(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop", "sync", "gthread"])
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: (output / "trials" / "1-uvloop").exists() and trial_under_way(output))
    started = mini.descendants(process)
    ledgers = mini.ledgers_under_way(output)

    process.send_signal(signal.SIGINT)
    code, _, err = mini.finish(process)

    assert code == 130
    assert f"1 trial is saved: go on with make resume RUN={output}" in err
    assert len(started) >= 4
    assert mini.gone(started)
    assert ledgers is not None
    assert not ledgers.exists()
    assert len(summary_json.read(output / "summary.json").trials) == 1


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop", "asgi"])
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: (output / "trials" / "1-uvloop").exists())
    process.send_signal(signal.SIGTERM)
    assert mini.finish(process)[0] == 130
    first = (output / "trials" / "1-uvloop" / "samples.parquet").read_bytes()

    code, out, _ = mini.run("run", "--resume", output)

    assert code == 0
    assert "[2/2] asgi" in out
    assert "[1/2]" not in out
    assert (output / "trials" / "1-uvloop" / "samples.parquet").read_bytes() == first
    assert len(summary_json.read(output / "summary.json").trials) == 2


@pytest.mark.alone
def test_a_worker_killed_in_mid_trial_is_seen_on_that_trial(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["sync"])
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: trial_under_way(output))
    master = mini.of_kind(process, "gunicorn")[0]
    victim = master.children()[0]

    victim.send_signal(signal.SIGKILL)
    code, _, _ = mini.finish(process)

    assert code == 0
    (trial,) = summary_json.read(output / "summary.json").trials
    assert not trial.valid
    assert [reason.code for reason in trial.reasons] == ["worker_lost"]
    assert str(victim.pid) in trial.reasons[0].text


def test_a_server_killed_in_mid_trial_ends_the_run_with_one_clear_line(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"])
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: trial_under_way(output))
    started = mini.descendants(process)

    (server,) = (one for one in started if "servers.uvicorn_launcher" in one.cmdline())
    server.send_signal(signal.SIGKILL)
    code, _, err = mini.finish(process)

    assert code == 1
    assert "trial 1 of 1: the server of profile uvloop died during the trial" in err
    assert "no trial was saved" in err
    assert mini.gone(started)


def test_an_exporter_killed_in_mid_trial_ends_the_run_with_one_clear_line(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"], measure_s=20.0)
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: trial_under_way(output))
    started = mini.descendants(process)
    ledgers = mini.ledgers_under_way(output)

    (exporter,) = mini.of_kind(process, "servers.exporter")
    exporter.send_signal(signal.SIGKILL)
    code, _, err = mini.finish(process)

    assert code == 1
    assert "trial 1 of 1: the exporter died during the trial: it ended with exit code -9" in err
    assert "no trial was saved" in err
    assert mini.gone(started)
    assert ledgers is not None
    assert not ledgers.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of such a death")
@pytest.mark.parametrize("profile", ["uvloop", "gthread"])
def test_a_runner_that_is_killed_leaves_no_process_behind(profile: str, tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", [profile], measure_s=20.0)
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: trial_under_way(output))
    started = mini.descendants(process)
    ledgers = mini.ledgers_under_way(output)

    process.kill()
    process.communicate()

    assert len(started) >= 3
    mini.eventually(lambda: mini.gone(started))
    # What it can no longer remove is in memory, and the next start of this machine removes it.
    if ledgers is not None:
        shutil.rmtree(ledgers)


def test_a_stopped_exporter_costs_its_scrapes_and_not_the_trial(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"], measure_s=3.0)
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: trial_under_way(output))
    (exporter,) = mini.of_kind(process, "servers.exporter")

    exporter.suspend()
    code, _, _ = mini.finish(process)

    assert code == 0
    assert mini.gone([exporter])
    trial = results.existing(output).saved()[0]
    assert not trial.metrics.exists()
    assert trial.exporter_log.exists()


def test_too_few_file_descriptors_are_refused_before_anything_starts(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"])
    limited = ["bash", "-c", 'ulimit -n 500; exec "$@"', "bash"]

    code, _, err = mini.run("run", file, "--output", tmp_path / "out", prefix=limited)

    assert code == 2
    assert "too few file descriptors: the limit is 500" in err
    assert "ulimit -n 2256" in err


def test_a_results_folder_that_exists_is_refused(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"])
    (tmp_path / "out").mkdir()

    code, _, err = mini.run("run", file, "--output", tmp_path / "out")

    assert code == 2
    assert "exists already; choose another --output" in err


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"])
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here (that needs root)")
    try:
        code, _, err = mini.run("run", file, "--output", disk / "out")
    finally:
        subprocess.run(["umount", disk], check=True)

    assert code == 1
    assert "the disk is full: make room" in err
    assert "Traceback" not in err
    ours = [p for p in psutil.process_iter(["cmdline"]) if str(disk) in (p.info["cmdline"] or [])]
    assert ours == []


def test_a_second_interrupt_does_not_cut_the_stopping_short(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["sync"], measure_s=20.0)
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: trial_under_way(output))
    started = mini.descendants(process)

    process.send_signal(signal.SIGINT)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    code, _, err = mini.finish(process)

    assert code == 130
    assert "no trial was saved" in err
    assert "Traceback" not in err
    assert len(started) >= 6
    assert mini.gone(started)


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_a_run_as_an_interrupt_does(tmp_path: Path, name: int) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"], measure_s=20.0)
    process = mini.start("run", file, "--output", tmp_path / "out")
    mini.eventually(lambda: trial_under_way(tmp_path / "out"))
    started = mini.descendants(process)

    process.send_signal(name)

    assert mini.finish(process)[0] == 130
    assert mini.gone(started)


@pytest.mark.alone
@pytest.mark.parametrize("delay_s", [0.1, 0.25, 0.5])
def test_an_interrupt_while_the_program_starts_is_one_line(tmp_path: Path, delay_s: float) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"], measure_s=20.0)
    process = mini.start("run", file, "--output", tmp_path / "out")
    time.sleep(delay_s)

    process.send_signal(signal.SIGINT)
    code, _, err = mini.finish(process)

    # Before Python itself is up no program can answer for it.
    assert code == 130 or not err.count("loadtests/door.py")
    assert not (code == 130 and "Traceback" in err)


def test_a_late_generator_is_found_on_a_short_and_slow_trial(tmp_path: Path) -> None:
    """Forty requests are too few to state a p99, and enough to see that they were late."""
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"], measure_s=3.0)
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: trial_under_way(output))
    locust = mini.of_kind(process, "locust")[0]
    time.sleep(1.5)

    locust.suspend()
    time.sleep(0.5)
    locust.resume()

    assert mini.finish(process)[0] == 0
    (trial,) = summary_json.read(output / "summary.json").trials
    assert "generator_late" in [reason.code for reason in trial.reasons]


def test_a_missing_package_is_one_line_with_what_to_do(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pyarrow'] = None; import loadtests.__main__ as d; d.main()"

    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; {code.replace('d.main()', 'sys.exit(d.main())')}"],
        cwd=mini.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert ".venv/bin/python (make demo makes it)" in ended.stderr
