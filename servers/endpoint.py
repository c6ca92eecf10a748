"""What the contract is made of: a refusal, a parameter with its bounds, an endpoint.

Rule: this module imports the standard library only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

# A number with more significant digits is out of every range, and never converted.
MAX_DIGITS = 9
_MAX_ECHO = 64


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal that both twins answer alike.

    `body` is the JSON of RFC 9457 with the members `more` added; `headers` come beside
    content type and length. Where it `closes`, nothing more is read from the connection.
    """

    def __init__(self, status: int, title: str, detail: str, **more: object):
        super().__init__(detail)
        self.status = status
        self.headers: dict[str, str] = {}
        self.closes = False
        about = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        self.body = render(about | more)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number in the query, with its unit and its bounds (both allowed)."""

    name: str
    unit: str
    default: int
    minimum: int
    maximum: int
    description: str

    def read(self, value: bytes) -> int:
        """Turn percent-decoded bytes into the number; a `Problem` 422 says why it cannot be."""
        significant = value.lstrip(b"0") or value[-1:]
        if value.isdigit() and len(significant) <= MAX_DIGITS:
            number = int(significant)
            if self.minimum <= number <= self.maximum:
                return number
        wanted = f"a whole number from {self.minimum} to {self.maximum}, in {self.unit}"
        raise self.refusal(value, f"must be {wanted}")

    def refusal(self, value: bytes, reason: str) -> Problem:
        """The problem 422 for a value of this parameter; `reason` ends the sentence."""
        shown = _echo(value)
        detail = f"parameter {self.name!r} is {shown!r}: it {reason}"
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        return _unprocessable(detail, parameter=self.name, value=shown, **bounds)


@dataclass(frozen=True, slots=True)
class Together:
    """The most that parameters, each within its own bounds, may come to when multiplied."""

    names: tuple[str, ...]
    most: int

    def excess(self, arguments: Mapping[str, int]) -> str:
        """What is wrong with arguments that are too much together; empty where nothing is."""
        asked = self.of(arguments)
        product = math.prod(asked.values())
        if product <= self.most:
            return ""
        names = " × ".join(asked)
        values = " × ".join(map(str, asked.values()))
        return f"{names} is {values} = {product}: it must be at most {self.most}"

    def of(self, arguments: Mapping[str, int]) -> Mapping[str, int]:
        """Those of the arguments that it is about."""
        return {name: arguments[name] for name in self.names}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path, the method it answers, what may be asked and which fields the answer has.

    `holds`: the work keeps its worker, or the loop that it runs in, from serving anyone else.
    `together` bounds what some of its parameters may come to together.
    `status` is that of a good answer.
    """

    path: str
    method: str
    parameters: tuple[Parameter, ...]
    fields: tuple[str, ...]
    description: str
    holds: bool = False
    handler: str = ""
    together: tuple[Together, ...] = ()
    status: int = 200
    defaults: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        defaults = {parameter.name: parameter.default for parameter in self.parameters}
        object.__setattr__(self, "defaults", MappingProxyType(defaults))

    @property
    def name(self) -> str:
        """The function that serves it in both twins: `handler`, or what its path says."""
        return self.handler or self.path[1:].replace("-", "_")

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it answers; HEAD comes with GET."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    @property
    def streams(self) -> bool:
        """Whether it answers piece by piece: its answer has no fields."""
        return not self.fields

    def arguments(self, query: bytes) -> Mapping[str, int]:
        """Read a raw query string; missing parameters take their defaults, a bad one is a 422."""
        return _read_query(self, query) if query else self.defaults

    def excess(self, arguments: Mapping[str, int]) -> str:
        """The first thing that is wrong with arguments together; empty where nothing is."""
        return next(filter(None, (bound.excess(arguments) for bound in self.together)), "")


def _read_query(endpoint: Endpoint, query: bytes) -> Mapping[str, int]:
    known = {parameter.name: parameter for parameter in endpoint.parameters}
    found: dict[str, int] = {}
    for piece in filter(None, query.split(b"&")):
        raw_name, _, raw_value = piece.replace(b"+", b" ").partition(b"=")
        value = unquote_to_bytes(raw_value)
        name = _echo(unquote_to_bytes(raw_name))
        parameter = known.get(name)
        if parameter is None:
            allowed = ", ".join(known) or "none"
            detail = f"parameter {name!r} is unknown here: {endpoint.path} takes {allowed}"
            raise _unprocessable(detail, parameter=name, value=_echo(value), allowed=list(known))
        if name in found:
            raise parameter.refusal(value, "was given before: give it once")
        found[name] = parameter.read(value)
    arguments = {**endpoint.defaults, **found}
    for bound in endpoint.together:
        if excess := bound.excess(arguments):
            about = bound.of(arguments)
            raise _unprocessable(excess, parameters=about, maximum=bound.most)
    return arguments


def render(fields: Mapping[str, object]) -> bytes:
    """One JSON object as compact ASCII bytes, fields in the order given."""
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")


def _unprocessable(detail: str, **more: object) -> Problem:
    return Problem(422, "Unprocessable Content", detail, **more)


def _echo(text: bytes) -> str:
    return text[:_MAX_ECHO].decode("utf-8", "replace")
