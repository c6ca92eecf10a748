"""Where a server keeps its jobs."""

from __future__ import annotations

import os
from pathlib import Path

from servers import ledger
from servers.instruments.meter import supervisor
from servers.jobs import owner
from servers.settings import Settings

SUFFIX = ".sqlite"
_PRIVATE = "jobs-of-"


def file_of(settings: Settings) -> Path:
    """The file that all worker processes of the server share.

    It is the one that was named; or one for the profile beside the ledgers, which the next server
    of that profile takes up; or, without ledgers, one that ends with the server.
    """
    if settings.jobs:
        return Path(settings.jobs)
    if settings.ledgers:
        return Path(settings.ledgers) / f"jobs-{settings.profile or 'server'}{SUFFIX}"
    server = supervisor() or os.getpid()
    folder = ledger.default_folder()
    return folder / f"{_PRIVATE}{server}-{ledger.born(server) or 0}{SUFFIX}"


def sweep(path: Path) -> None:
    """Remove the files of servers that have ended, where `path` is such a file."""
    if not path.name.startswith(_PRIVATE):
        return
    for found in path.parent.glob(f"{_PRIVATE}*{SUFFIX}"):
        of = found.name.removeprefix(_PRIVATE).removesuffix(SUFFIX)
        if found != path and not owner.lives(of):
            for left in found.parent.glob(f"{found.name}*"):
                left.unlink(missing_ok=True)
