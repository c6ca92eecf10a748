"""What the tables of an experiment's file are made of: a strict table, and bounded values."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from loadtests.plan import Record
from servers.contract import ALLOW, route_of

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
Seconds = Annotated[float, Field(ge=0.1, le=3600.0)]
Rate = Annotated[float, Field(ge=0.1, le=100_000.0)]


def _in_contract(path: str) -> str:
    # What stands for many paths, as /jobs/{id} does, cannot be asked for.
    allowed = [one for one in ALLOW if route_of(one) == one]
    if path not in allowed:
        raise ValueError(f"{path!r} is not in the contract, allowed: {', '.join(allowed)}")
    return path


ContractPath = Annotated[str, AfterValidator(_in_contract)]


class Table(Record, strict=True):
    """A table of the file."""
