"""What the requests of an experiment do, and how they arrive."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loadtests.tables import ContractPath, Name, Rate, Table
from servers.contract import ALLOW, AT, MAX_BODY_BYTES, Endpoint


class Request(Table):
    """One kind of request of a workload: a path of the contract, its parameters, its weight.

    Without a `method` it is the first that the path answers. POST sends `body_bytes` of a body.
    """

    path: ContractPath
    method: Literal["GET", "POST"] | None = None
    params: dict[str, int] = Field(default_factory=dict)
    body_bytes: int = Field(default=0, ge=0, le=4 * MAX_BODY_BYTES)
    weight: float = Field(default=1.0, gt=0.0, le=1000.0)

    @model_validator(mode="after")
    def _params_in_contract(self) -> Self:
        if (self.verb, self.path) not in AT:
            raise ValueError(f"method is {self.verb!r}, allowed at {self.path}: {ALLOW[self.path]}")
        if self.body_bytes and self.verb != "POST":
            raise ValueError(f"body_bytes is {self.body_bytes}, allowed with GET: 0")
        known = {parameter.name: parameter for parameter in self.endpoint.parameters}
        for name, value in self.params.items():
            if name not in known:
                allowed = ", ".join(known) or "none"
                raise ValueError(f"params.{name} is not a parameter of {self.path}: {allowed}")
            low, high = known[name].minimum, known[name].maximum
            if not low <= value <= high:
                raise ValueError(f"params.{name} is {value}, allowed: {low} to {high}")
        if excess := self.endpoint.excess({**self.endpoint.defaults, **self.params}):
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
        """The request target: path and query."""
        query = "&".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.path}?{query}" if query else self.path


class Workload(Table):
    """What the requests do. It may narrow the experiment to some profiles or loads."""

    name: Name
    description: str = ""
    requests: tuple[Request, ...] = Field(min_length=1)
    profiles: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _requests_differ(self) -> Self:
        urls = [f"{request.verb} {request.url}" for request in self.requests]
        if len(set(urls)) < len(urls):
            raise ValueError(f"requests must differ, got: {', '.join(urls)}; use their weights")
        return self


class OpenLoad(Table):
    """Arrivals on an absolute schedule, `rate` a second: nobody waits for anybody."""

    mode: Literal["open"]
    name: str
    rate: Rate
    arrivals: Literal["poisson", "constant"] = "poisson"

    @property
    def brief(self) -> str:
        """What it offers, in words."""
        return f"{self.rate:g} requests/s"

    @property
    def text(self) -> str:
        """The load in words."""
        kind = {"poisson": "Poisson", "constant": "equally spaced"}[self.arrivals]
        return f"open, {kind} arrivals, {self.brief}"


class ClosedLoad(Table):
    """`users` who each send, wait for the answer, think for `think_s`, and send again."""

    mode: Literal["closed"]
    name: str
    users: int = Field(ge=1, le=10_000)
    think_s: float = Field(default=0.0, ge=0.0, le=60.0)

    @property
    def brief(self) -> str:
        """What it offers, in words."""
        return f"{self.users} closed users"

    @property
    def text(self) -> str:
        """The load in words."""
        return f"closed, {self.users} users, {self.think_s:g} s think time"


Load = Annotated[OpenLoad | ClosedLoad, Field(discriminator="mode")]

Role = Literal["calibrate", "sweep", "probe"]
"""What a trial is for: predictions rest on it, the experiment names it, or a search asks it."""
