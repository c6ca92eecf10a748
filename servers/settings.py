"""What a twin is told by its environment: read once, into frozen values, strictly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import get_args

from servers.budget import MAX_CONNECTIONS, MAX_JOBS, MAX_PROCESSES, MAX_SLOTS, Dependencies
from servers.profiles import (
    ENVIRONMENT_PREFIX,
    Instruments,
    Placement,
)

_WORDS: dict[str, tuple[str, ...]] = {
    "placement": get_args(Placement),
    "instruments": get_args(Instruments),
}
_TEXTS = ("profile", "ledgers", "downstream", "database", "jobs")
_MOST = {
    "threads": MAX_SLOTS,
    "pool_processes": MAX_PROCESSES,
    "workers": MAX_SLOTS * MAX_PROCESSES,
    "downstream_connections": MAX_CONNECTIONS,
    "database_connections": MAX_CONNECTIONS,
    "job_slots": MAX_SLOTS,
    "job_limit": MAX_JOBS,
}


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it, its value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one worker is told.

    `threads` run blocking work: those of a threaded worker, or the tokens of the loop's
    worker-thread limiter. `pool_processes` compute. Both are per worker. With `placement` "loop",
    only the offloading endpoints use the pools; with "pools", every blocking and computing
    request does. `workers` and `profile` say what the worker is a part of. Its `instruments`
    write into the folder `ledgers`, or for nobody where that is empty.

    `downstream`, `database` and `jobs` are where the worker finds these, as in `Dependencies`, and
    how many connections it may open to the first two. Of deferred jobs the whole server runs
    `job_slots` at once, and lets `job_limit` wait.
    """

    threads: int = 4
    pool_processes: int = 2
    placement: Placement = "loop"
    workers: int = 1
    profile: str = ""
    instruments: Instruments = "on"
    ledgers: str = ""
    downstream: str = ""
    downstream_connections: int = 100
    database: str = ""
    database_connections: int = 8
    jobs: str = ""
    job_slots: int = 4
    job_limit: int = 1_000

    def __post_init__(self) -> None:
        for name, maximum in _MOST.items():
            _check_range(name, getattr(self, name), maximum)
        for name, allowed in _WORDS.items():
            value = getattr(self, name)
            if value not in allowed:
                raise SettingsError(f"{_variable(name)} is {value!r}: use {' or '.join(allowed)}")

        try:
            Dependencies(self.downstream, self.database, self.jobs)
        except ValueError as error:
            name, rest = str(error).split(" ", 1)
            raise SettingsError(f"{_variable(name)} {rest}") from None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the variables `TESTBED_SERVER_*`; a `SettingsError` names an unknown or bad one."""
        source = os.environ if environment is None else environment
        known = {_variable(item.name): item.name for item in fields(cls)}
        given = {name: source[name] for name in source if name.startswith(ENVIRONMENT_PREFIX)}
        for name in sorted(set(given) - set(known)):
            raise SettingsError(f"{name} is not a setting: use {', '.join(known)}, or unset it")
        values: dict[str, int | str] = {}
        for name, text in given.items():
            key = known[name]
            values[key] = text if key in (*_WORDS, *_TEXTS) else _whole_number(name, text)
        return cls(**values)  # type: ignore[arg-type]


def _variable(name: str) -> str:
    return ENVIRONMENT_PREFIX + name.upper()


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise SettingsError(f"{name} is {text!r}: give a whole number")
    return int(text)


def _check_range(name: str, value: int, maximum: int) -> None:
    if not 1 <= value <= maximum:
        raise SettingsError(f"{_variable(name)} is {value}: give a number from 1 to {maximum}")
