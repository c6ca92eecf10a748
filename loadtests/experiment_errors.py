"""The validator's faults as sentences: the key, the value, what is allowed."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel


class ExperimentError(Exception):
    """An experiment that cannot be run: one line per fault."""


def sentences(faults: Sequence[Any], model: type[BaseModel]) -> list[str]:
    """Pydantic's faults as `key is value, allowed: …`, without those that only follow from others.

    A list whose items were all refused is then also called too short.
    """

    def follows(fault: Any) -> bool:
        depth = len(fault["loc"])
        inner = (o["loc"] for o in faults if len(o["loc"]) > depth)
        return fault["type"] == "too_short" and any(loc[:depth] == fault["loc"] for loc in inner)

    return [_sentence(fault, model) for fault in faults if not follows(fault)]


def _sentence(fault: Any, model: type[BaseModel]) -> str:
    parts = _keys(fault["loc"])
    key = ""
    for part in parts:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    kind, value = fault["type"], fault["input"]
    if kind == "extra_forbidden":
        fields = [
            name for table in _tables(model, fault["loc"][:-1]) for name in table.model_fields
        ]
        return f"{key} is not a key here, allowed: {', '.join(fields)}"
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        told = fault["ctx"]
        tag, name = told.get("tag"), told["discriminator"].strip("'")
        found = f"is {tag!r}" if tag else "is missing"
        tags = [_tag(table) for table in _tables(model, fault["loc"])]
        return f"{key}.{name} {found}, allowed: {', '.join(filter(None, tags))}"
    if kind == "missing":
        return f"{key} is missing"
    if kind == "value_error":
        reason = str(fault["ctx"]["error"])
        return f"{key}: {reason}" if key else reason
    shown = repr(value) if not isinstance(value, dict | list) else f"a {type(value).__name__}"
    allowed = fault["msg"].removeprefix("Input should be ")
    return f"{key} is {shown}, allowed: {allowed}"


def _keys(location: tuple[Any, ...]) -> list[Any]:
    """The keys of the file in a location.

    A discriminated union puts its tag there too, behind the key or number of the table.
    """
    keys: list[Any] = []
    for at, part in enumerate(location):
        before, earlier = (location[at - n] if at >= n else "" for n in (1, 2))
        tagged = before == "client" or (earlier == "loads" and part in ("open", "closed"))
        if not tagged and not (earlier == "params" and part in ("number", "distribution")):
            keys.append(part)
    return keys


def _tables(model: type[BaseModel], location: tuple[Any, ...]) -> list[type[BaseModel]]:
    """What the table at a location may be."""
    here: list[type[BaseModel]] = [model]
    for part in location:
        if isinstance(part, int):
            continue
        tagged = [m for m in here if _tag(m) == part]
        if tagged:
            here = tagged
            continue
        annotations = [m.model_fields[part].annotation for m in here if part in m.model_fields]
        # The name of a parameter is a key of the file and no field.
        if not annotations:
            continue
        here = [found for annotation in annotations for found in _models(annotation)]
    return here


def _tag(model: type[BaseModel]) -> str | None:
    found = model.model_fields.get("mode") or model.model_fields.get("kind")
    return next(iter(typing.get_args(found.annotation)), None) if found else None


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    arguments = typing.get_args(annotation)
    if isinstance(annotation, types.UnionType) or arguments:
        return [found for argument in arguments for found in _models(argument)]
    return []
