"""Where jobs are kept: where the server was told, beside its ledgers, or while it runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from servers.jobs import owner, place
from servers.jobs.sqlite_store import SqliteStore
from servers.settings import Settings


@pytest.mark.parametrize(
    ("settings", "file"),
    [
        (Settings(jobs="/a/b", ledgers="/c", profile="sync"), "/a/b"),
        (Settings(ledgers="/c", profile="sync"), "/c/jobs-sync.sqlite"),
        (Settings(ledgers="/c"), "/c/jobs-server.sqlite"),
    ],
)
def test_the_file_is_the_one_that_was_named_or_the_profiles(settings: Settings, file: str) -> None:
    assert place.file_of(settings) == Path(file)


def test_without_a_place_the_file_is_that_of_this_server_and_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTBED_LEDGERS", str(tmp_path))
    mine = place.file_of(Settings())
    others = [tmp_path / f"jobs-of-{one}.sqlite" for one in ("1-1", f"{os.getpid()}-1")]
    profiles = tmp_path / "jobs-sync.sqlite"
    for path in (mine, *others, profiles):
        SqliteStore(path)

    place.sweep(profiles)
    assert all(path.exists() for path in others)
    place.sweep(mine)

    assert mine.name == f"jobs-of-{owner.this_process()}.sqlite"
    assert {path.name for path in tmp_path.iterdir() if path.suffix == ".sqlite"} == {
        mine.name, profiles.name,
    }  # fmt: skip
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(others[0].name)]
