"""What the requests of an experiment do, and how they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from loadtests.clients import Client
from loadtests.distributions import Distribution
from loadtests.plan import Burst
from loadtests.tables import ContractPath, Name, Rate, Seconds, Table
from loadtests.variants import variants
from servers.contract import ALLOW, AT, MAX_BODY_BYTES, Endpoint


def _shape(value: Any) -> str:
    return "distribution" if isinstance(value, dict | Distribution) else "number"


Value = Annotated[
    Annotated[int, Tag("number")] | Annotated[Distribution, Tag("distribution")],
    Discriminator(_shape),
]
"""A parameter: a number, or a distribution of numbers."""


class Request(Table):
    """One kind of request of a workload: a path of the contract, its parameters, its weight.

    Without a `method` it is the first that the path answers. POST sends `body_bytes` of a body.
    `client` is who sends it, where that is no ordinary one.
    """

    path: ContractPath
    method: Literal["GET", "POST"] | None = None
    params: Mapping[str, Value] = Field(default_factory=dict)
    body_bytes: int = Field(default=0, ge=0, le=4 * MAX_BODY_BYTES)
    weight: float = Field(default=1.0, gt=0.0, le=1000.0)
    client: Client | None = None

    @model_validator(mode="after")
    def _params_in_contract(self) -> Self:
        if (self.verb, self.path) not in AT:
            raise ValueError(f"method is {self.verb!r}, allowed at {self.path}: {ALLOW[self.path]}")
        if self.body_bytes and self.verb != "POST":
            raise ValueError(f"body_bytes is {self.body_bytes}, allowed with GET: 0")
        if self.client is not None and self.client.kind == "polling" and self.verb != "POST":
            raise ValueError(f"client is 'polling', allowed with POST, not with {self.verb}")
        known = {parameter.name: parameter for parameter in self.endpoint.parameters}
        for name, value in self.params.items():
            if name not in known:
                allowed = ", ".join(known) or "none"
                raise ValueError(f"params.{name} is not a parameter of {self.path}: {allowed}")
            low, high = known[name].minimum, known[name].maximum
            if isinstance(value, int) and not low <= value <= high:
                raise ValueError(f"params.{name} is {value}, allowed: {low} to {high}")
        for variant in self.variants:
            if excess := self.endpoint.excess({**self.endpoint.defaults, **variant.numbers}):
                raise ValueError(f"params: {excess}")
        return self

    @property
    def verb(self) -> str:
        """The method that it is sent with."""
        return self.method or ALLOW[self.path].partition(",")[0]

    @property
    def endpoint(self) -> Endpoint:
        """What answers it."""
        return AT[self.verb, self.path]

    @property
    def url(self) -> str:
        """The request target: path and query. Of a distribution it shows the name."""
        shown = (
            f"{name}={value.text if isinstance(value, Distribution) else value}"
            for name, value in self.params.items()
        )
        query = "&".join(shown)
        return f"{self.path}?{query}" if query else self.path

    @property
    def numbers(self) -> dict[str, int]:
        """Its parameters that are plain numbers: of a variant all of them."""
        return {name: value for name, value in self.params.items() if isinstance(value, int)}

    @property
    def line(self) -> str:
        """The request in words: what all of its variants are called in samples and reports."""
        body = f" with {self.body_bytes:,} bytes" if self.body_bytes else ""
        client = f" as {self.client.text}" if self.client else ""
        return f"{self.verb} {self.url}{body}{client}"

    @property
    def misbehaves(self) -> bool:
        """Whether who sends it is none of those whose latency the load is judged by."""
        return self.client is not None and self.client.misbehaves

    @property
    def variants(self) -> tuple[Request, ...]:
        """The requests that stand for it: plain numbers only, weights that add up to its own."""
        if not any(isinstance(value, Distribution) for value in self.params.values()):
            return (self,)
        known = {parameter.name: parameter for parameter in self.endpoint.parameters}
        return tuple(
            self.model_copy(update={"params": params, "weight": self.weight * share})
            for params, share in variants(self.params, known)
        )


class Workload(Table):
    """What the requests do. It may narrow the experiment to some profiles or loads."""

    name: Name
    description: str = ""
    requests: tuple[Request, ...] = Field(min_length=1)
    profiles: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _requests_differ(self) -> Self:
        lines = [request.line for request in self.requests]
        if len(set(lines)) < len(lines):
            raise ValueError(f"requests must differ, got: {', '.join(lines)}; use their weights")
        if all(request.misbehaves for request in self.requests):
            raise ValueError("requests has misbehaving clients only: add what good ones ask for")
        return self

    @property
    def variants(self) -> tuple[Request, ...]:
        """All requests with plain numbers: what there is to be sent."""
        return tuple(variant for request in self.requests for variant in request.variants)

    @property
    def has_clients(self) -> bool:
        """Whether any request is sent by other than ordinary clients."""
        return any(request.client is not None for request in self.requests)


class OpenLoad(Table):
    """Arrivals on an absolute schedule, `rate` a second: nobody waits for anybody.

    In a `burst` there are more of them for a while. It is measured for `measure_s`, or for as long
    as the experiment says.
    """

    mode: Literal["open"]
    name: str
    rate: Rate
    arrivals: Literal["poisson", "constant"] = "poisson"
    burst: Burst | None = None
    measure_s: Seconds | None = None

    @property
    def brief(self) -> str:
        """What it offers, in words."""
        return f"{self.rate:g} requests/s" + (f" ({self.burst.text})" if self.burst else "")

    @property
    def text(self) -> str:
        """The load in words."""
        kind = {"poisson": "Poisson", "constant": "equally spaced"}[self.arrivals]
        return f"open, {kind} arrivals, {self.brief}{_measured(self.measure_s)}"


class ClosedLoad(Table):
    """`users` who each send, wait for the answer, think for `think_s`, and send again.

    They are measured for `measure_s`, or for as long as the experiment says.
    """

    mode: Literal["closed"]
    name: str
    users: int = Field(ge=1, le=10_000)
    think_s: float = Field(default=0.0, ge=0.0, le=60.0)
    measure_s: Seconds | None = None

    @property
    def brief(self) -> str:
        """What it offers, in words."""
        return f"{self.users} closed users"

    @property
    def text(self) -> str:
        """The load in words."""
        return (
            f"closed, {self.users} users, {self.think_s:g} s think time{_measured(self.measure_s)}"
        )


def _measured(seconds: float | None) -> str:
    return "" if seconds is None else f", measured for {seconds:g} s"


Load = Annotated[OpenLoad | ClosedLoad, Field(discriminator="mode")]

Role = Literal["calibrate", "sweep", "probe"]
"""What a trial is for: predictions rest on it, the experiment names it, or a search asks it."""
