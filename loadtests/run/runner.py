"""The runner: every trial of an experiment in order, each saved as it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from loadtests import databases, faults, specs
from loadtests.experiment import Experiment
from loadtests.results import RunFolder, write_whole
from loadtests.run.book import Book
from loadtests.run.database import DatabaseError, Named, RunDatabase
from loadtests.run.host import connections_at_most, require_open_files
from loadtests.run.progress import Progress
from loadtests.run.service import TrialError
from loadtests.run.trial import TrialRun
from loadtests.run.world import World

SPARE_FILES = 256
COMPARABLE = (
    *("system", "machine", "cpu", "cores", "usable_cores", "python", "packages", "commit"),
    "database",
)
"""What must be equal where trials are compared."""
Cpus = tuple[frozenset[int] | None, frozenset[int] | None]


class RunError(Exception):
    """A run that had to end early: what happened, and the remedy. Saved trials stay."""


def run(
    world: World,
    experiment: Experiment,
    folder: RunFolder,
    progress: Progress,
    cpus: Cpus,
    environment: Callable[[], dict[str, Any]],
    beside: frozenset[int] | None = None,
    named: Named = Named(),  # noqa: B008 - it is frozen
) -> None:
    """Run what is not saved yet. Raises RunError; every trial that has ended stays saved.

    `cpus` are for the server and the generators, `beside` for what the server calls on; None for
    those of the generators. `named` is the database that somebody has named for it.
    """
    require_open_files(connections_at_most(experiment) + SPARE_FILES)
    here = ""
    try:
        with RunDatabase(world, experiment, beside or cpus[1], named) as database:
            possible = database.possible()
            _record_birth(folder, lambda: {**environment(), **database.record()})
            if database.left_out:
                names = databases.workloads(experiment)
                progress.says(f"left out: {', '.join(names)}, for {database.left_out}")
            world.keep_to(cpus[1])
            book = Book(possible, folder)
            while (spec := book.next_trial()) is not None:
                left = book.left()
                here = f"trial {spec.number} of {spec.number + left - 1}: "
                progress.starts(spec, left)
                under_way = folder.begin(spec.number, spec.profile)
                specs.write(spec, under_way)
                TrialRun(world, possible, spec, under_way, cpus, database, beside).run()
                folder.complete(under_way)
                book.note(spec)
                progress.ends(spec)
    except TrialError as error:
        raise RunError(f"{here}{error}") from None
    except DatabaseError as error:
        raise RunError(str(error)) from None
    except OSError as error:
        raise RunError(faults.sentence(error)) from None
    finally:
        progress.done()


def _record_birth(folder: RunFolder, environment: Callable[[], dict[str, Any]]) -> None:
    """The run's name and machine, written once: a run goes on where it was born, or not at all."""
    if folder.environment.exists():
        _require_same(json.loads(folder.environment.read_text("utf-8")), environment())
        return
    record = {"run_id": folder.path.name, **environment()}
    write_whole(folder.environment, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _require_same(born: dict[str, Any], now: dict[str, Any]) -> None:
    for key in COMPARABLE:
        if born.get(key) != now.get(key):
            raise RunError(
                f"this run was born with another {key} ({born.get(key)}, now {now.get(key)}): "
                "its trials would not be comparable; begin a new run"
            )
