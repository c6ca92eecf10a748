"""What goes wrong on real machines, provoked with real servers and the real Locust."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from loadtests.analysis import summary_json
from tests.loadtests import mini

pytestmark = pytest.mark.slow


def trial_under_way(output: Path) -> bool:
    """Whether a generator has been told to begin."""
    return any(output.glob("trials/.*/plan.json"))


def test_an_interrupt_leaves_no_process_and_keeps_what_was_saved(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop", "sync", "gthread"])
    output = tmp_path / "out"
    process = mini.start("run", file, "--output", output)
    mini.eventually(lambda: (output / "trials" / "1-uvloop").exists() and trial_under_way(output))
    started = mini.descendants(process)

    process.send_signal(signal.SIGINT)
    code, _, err = mini.finish(process)

    assert code == 130
    assert "1 trials are saved; go on with: python -m loadtests run --resume" in err
    assert len(started) >= 3
    assert mini.gone(started)
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


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    file = mini.experiment(tmp_path / "mini.toml", ["uvloop"])
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    assert mount is not None
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=12k", "tmpfs", disk], check=True)
    try:
        code, _, err = mini.run("run", file, "--output", disk / "out")
    finally:
        subprocess.run(["umount", disk], check=True)

    assert code == 1
    assert "the disk is full: make room, then go on with --resume" in err
    assert "Traceback" not in err
    ours = [p for p in psutil.process_iter(["cmdline"]) if str(disk) in (p.info["cmdline"] or [])]
    assert ours == []
