"""The results folder: its paths and names, and nobody else joins them.

`results/<experiment>/<UTC time>-<short id>/` holds `experiment.toml`, `environment.json`,
`trials/<n>-<profile>/…`, `summary.json` and `report.html`. A trial is written in a hidden folder
and gets its name when it is complete; nothing is ever overwritten.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path("results")
READY = "ready"
"""How the file begins by which a generator process says that it looks for its plan."""


class ResultsError(Exception):
    """A results folder that cannot be made or read: names it, and the remedy."""


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, whatever ends the program."""
    fresh = path.with_name(f".{path.name}.part")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """The files of one trial."""

    path: Path

    @property
    def run(self) -> str:
        """The name of the run that it is a trial of."""
        return self.path.absolute().parent.parent.name

    @property
    def samples(self) -> tuple[Path, ...]:
        """One row per scheduled request, from each generator process."""
        return tuple(sorted(self.path.glob("samples*.parquet")))

    @property
    def spec(self) -> Path:
        """Which trial of its run it is."""
        return self.path / "trial.json"

    @property
    def plan(self) -> Path:
        """What the generator was asked to do."""
        return self.path / "plan.json"

    @property
    def ready(self) -> tuple[Path, ...]:
        """Of each generator process that looks for its plan an empty file, until it gets one."""
        return tuple(self.path.glob(f"{READY}*"))

    @property
    def generators(self) -> tuple[Path, ...]:
        """What each generator process said of itself."""
        return tuple(sorted(self.path.glob("generator*.json")))

    @property
    def server(self) -> Path:
        """What the server really was, and what it used."""
        return self.path / "server.json"

    @property
    def metrics(self) -> Path:
        """What the exporter served during the trial: one JSON line a scrape, packed."""
        return self.path / "metrics.jsonl.gz"

    @property
    def jobs(self) -> Path:
        """What became of its deferred jobs, where its requests gave any."""
        return self.path / "jobs.json"

    @property
    def slices(self) -> Path:
        """The course of the captured requests, as the workers wrote it: a JSON line for each."""
        return self.path / "slices.jsonl"

    @property
    def trace(self) -> Path:
        """The same as a Chrome trace, made by the analysis."""
        return self.path / "trace.json"

    @property
    def server_log(self) -> Path:
        """What the server printed."""
        return self.path / "server.log"

    @property
    def downstream_log(self) -> Path:
        """What the downstream service printed, where the server called one."""
        return self.path / "downstream.log"

    @property
    def generator_log(self) -> Path:
        """What Locust printed."""
        return self.path / "locust.log"

    @property
    def exporter_log(self) -> Path:
        """What the exporter printed, where it had more to say than that it runs."""
        return self.path / "exporter.log"

    def require_space(self) -> None:
        """Raise the system's error where nothing can be written: a full disk silences logs too."""
        probe = self.path / ".probe"
        try:
            probe.write_bytes(bytes(65_536))
        finally:
            probe.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def experiment(self) -> Path:
        """The experiment as it was given."""
        return self.path / "experiment.toml"

    @property
    def environment(self) -> Path:
        """Where the run was born."""
        return self.path / "environment.json"

    @property
    def predictions(self) -> Path:
        """What was predicted before the trials that it is held against."""
        return self.path / "predictions.json"

    @property
    def summary(self) -> Path:
        """The analysis."""
        return self.path / "summary.json"

    def trial(self, number: int, profile: str) -> TrialFolder:
        """The folder of a complete trial."""
        return TrialFolder(self.path / "trials" / f"{number}-{profile}")

    def saved(self) -> tuple[TrialFolder, ...]:
        """The folders of all complete trials, in the order of their numbers."""
        found = [p for p in (self.path / "trials").glob("[0-9]*-*") if p.is_dir()]
        found.sort(key=lambda path: int(path.name.partition("-")[0]))
        return tuple(TrialFolder(path) for path in found)

    def begin(self, number: int, profile: str) -> TrialFolder:
        """A new folder for a trial under way; what an earlier attempt left is kept aside."""
        path = self.path / "trials" / f".{number}-{profile}"
        if path.exists():
            path.rename(path.with_name(f"{path.name}-{secrets.token_hex(2)}"))
        path.mkdir(parents=True)
        return TrialFolder(path)

    def complete(self, folder: TrialFolder) -> TrialFolder:
        """Give a finished trial its name."""
        final = folder.path.with_name(folder.path.name.removeprefix("."))
        if final.exists():
            raise ResultsError(f"{final}: exists already; nothing is overwritten, move it away")
        folder.path.rename(final)
        return TrialFolder(final)


def create(experiment: str, text: str, output: Path | None = None) -> RunFolder:
    """A new run folder with the experiment in it. Raises ResultsError where it exists already."""
    stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    path = output or RESULTS / experiment / f"{stamp}-{secrets.token_hex(2)}"
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        message = f"{path}: exists already; choose another --output, or --resume {path}"
        raise ResultsError(message) from None
    except OSError as error:
        raise ResultsError(f"{path}: cannot be made: {error.strerror}") from None
    run = RunFolder(path)
    write_whole(run.experiment, text)
    if output is None:
        _point_latest_to(path)
    return run


def existing(path: Path) -> RunFolder:
    """A run folder that is there. Raises ResultsError where it is not one."""
    run = RunFolder(path.resolve())
    if not run.experiment.is_file():
        message = f"{path}: not a run folder (no experiment.toml); runs are in {RESULTS}/"
        raise ResultsError(message)
    return run


def _point_latest_to(path: Path) -> None:
    """`results/latest` is a convenience: a file system without links loses only that."""
    link, fresh = RESULTS / "latest", RESULTS / f".latest-{secrets.token_hex(2)}"
    with contextlib.suppress(OSError, NotImplementedError):
        fresh.symlink_to(path.relative_to(RESULTS), target_is_directory=True)
        try:
            os.replace(fresh, link)
        finally:
            fresh.unlink(missing_ok=True)
