"""An experiment that asks a database, run for real: with one of its own, then with a named one."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers import postgres
from tests import databases
from tests.loadtests import mini

pytestmark = [pytest.mark.slow, pytest.mark.services]
PROFILES = ("sync", "uvloop")


def experiment(path: Path, **changes: object) -> Path:
    """Reads of one row and of three, the latter after a wait in the database."""
    mini.experiment(path, PROFILES, **changes)
    requests = '{ path = "/db" }, { path = "/db", params = { queries = 3, ms = 5 } }'
    path.write_text(path.read_text().replace('{ path = "/wait", params = { ms = 20 } }', requests))
    return path


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of the run alone, where the user that a database runs as may go too."""
    with tempfile.TemporaryDirectory(prefix="testbed-test-") as name:
        found = Path(name)
        found.chmod(0o711)
        monkeypatch.setenv("TMPDIR", name)
        yield found


def folders(place: Path) -> set[Path]:
    """What databases have in the temporary folder."""
    return set(place.glob(f"{postgres.PREFIX}*"))


def test_a_run_brings_its_database_along_and_leaves_nothing_of_it(
    tmp_path: Path, place: Path
) -> None:
    databases.require()

    code, out, err = mini.run(
        "run", experiment(tmp_path / "mini.toml"), "--output", tmp_path / "out"
    )

    assert (code, err) == (0, ""), out
    summary: dict[str, Any] = json.loads((tmp_path / "out/summary.json").read_text())
    assert [trial["profile"] for trial in summary["trials"]] == list(PROFILES)
    for trial in summary["trials"]:
        assert trial["requests"]["completed"] == trial["requests"]["scheduled"] > 40
    assert summary["left_out"] == []
    assert summary["environment"]["database"].endswith("of the testbed's own, without fsync")
    told = [path.read_text(errors="replace") for path in (tmp_path / "out").rglob("*.json")]
    assert not any("postgresql://" in text for text in told)
    assert folders(place) == set()


def test_one_that_is_named_is_used_and_left_running(tmp_path: Path, database: str) -> None:
    databases.change(database, "DELETE FROM testbed.world")
    file = experiment(tmp_path / "mini.toml")
    os.environ["DATABASE_URL"] = database
    try:
        code, out, err = mini.run("run", file, "--output", tmp_path / "out")
    finally:
        del os.environ["DATABASE_URL"]

    assert (code, err) == (0, ""), out
    environment = json.loads((tmp_path / "out/environment.json").read_text())
    assert environment["database"].endswith("/postgres, as DATABASE_URL names it")
    found = databases.rows(database, "SELECT count(*) FROM testbed.world")
    assert found == [(10_000,)]
    assert databases.connections(database, "uvloop") == 0


def test_an_interrupted_run_ends_its_database(tmp_path: Path, place: Path) -> None:
    databases.require()
    file = experiment(tmp_path / "mini.toml", measure_s=30.0)
    process = mini.start("run", file, "--output", tmp_path / "out")
    mini.eventually(lambda: mini.ledgers_under_way(tmp_path / "out"))
    children = mini.descendants(process)
    assert [one for one in children if "postgres" in one.name()]
    assert len(folders(place)) == 1

    process.send_signal(signal.SIGINT)
    code, _, _ = mini.finish(process)

    assert code == 130
    assert mini.gone(children)
    assert folders(place) == set()
