"""What a session is told: a JSON object with `do` and an `id`, which its answer names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from loadtests.experiment_errors import sentences
from loadtests.live.controls import Controls

Emit = Callable[[Mapping[str, Any]], None]
S = TypeVar("S")
Commands = Mapping[str, Callable[[S, Mapping[str, Any]], None]]


class Refused(Exception):  # noqa: N818 - what becomes of a command
    """A command that is not obeyed: why."""


def answered(commands: Commands[S], session: S, command: Mapping[str, Any]) -> str:
    """Do what a command says; returns why it is refused, or nothing."""
    name = command.get("do")
    if not isinstance(name, str) or name not in commands:
        return f"{name!r} is not known here: give one of {', '.join(commands)}"
    try:
        commands[name](session, command)
    except Refused as refused:
        return str(refused)
    except ValidationError as invalid:
        return "; ".join(sentences(invalid.errors(), Controls))
    return ""
