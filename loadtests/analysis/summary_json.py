"""`summary.json`: written from the records of `summary`, and read back into them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pydantic

from loadtests.analysis.summary import SCHEMA_VERSION, Summary


class SummaryError(Exception):
    """A summary that cannot be read: says which file, what is wrong, and the remedy."""


def to_json(summary: Summary) -> str:
    """The summary as JSON text, in field order: the same summary gives the same bytes."""
    return json.dumps(dataclasses.asdict(summary), indent=1, ensure_ascii=False) + "\n"


def read(path: Path) -> Summary:
    """Read `summary.json`. Raises SummaryError where it is missing, broken or of another schema."""
    remedy = "make it with: make report RUN=…"
    try:
        text = path.read_bytes()
        version = json.loads(text).get("schema_version")
    except OSError as error:
        raise SummaryError(f"{path}: {error.strerror}; {remedy}") from None
    except (ValueError, AttributeError):
        raise SummaryError(f"{path}: not a JSON object; {remedy}") from None
    if version != SCHEMA_VERSION:
        message = f"{path}: schema_version is {version!r}, expected {SCHEMA_VERSION}; {remedy}"
        raise SummaryError(message)
    try:
        return pydantic.TypeAdapter(Summary).validate_json(text)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SummaryError(f"{path}: {where}: {first['msg']}; {remedy}") from None
