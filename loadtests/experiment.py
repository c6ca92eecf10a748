"""An experiment: TOML in, frozen typed values out.

An experiment is profiles × workloads × loads × repetitions with one seed. Unknown keys, wrong
types and values out of range are errors that name the key, the value and what is allowed.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from loadtests.experiment_errors import ExperimentError, sentences
from loadtests.plan import Record
from loadtests.standing import Standing, narrowed
from servers.contract import ENDPOINTS
from servers.profiles import PROFILES, Budget

EXPERIMENTS = Path(__file__).parent / "experiments"

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
Seconds = Annotated[float, Field(ge=0.1, le=3600.0)]
Rate = Annotated[float, Field(ge=0.1, le=100_000.0)]


def _in_contract(path: str) -> str:
    if path not in ENDPOINTS:
        raise ValueError(f"{path!r} is not in the contract, allowed: {', '.join(ENDPOINTS)}")
    return path


ContractPath = Annotated[str, AfterValidator(_in_contract)]


class _Table(Record, strict=True):
    """A table of the file."""


class Request(_Table):
    """One kind of request of a workload: a path of the contract, its parameters, its weight."""

    path: ContractPath
    params: dict[str, int] = Field(default_factory=dict)
    weight: float = Field(default=1.0, gt=0.0, le=1000.0)

    @model_validator(mode="after")
    def _params_in_contract(self) -> Self:
        known = {parameter.name: parameter for parameter in ENDPOINTS[self.path].parameters}
        for name, value in self.params.items():
            if name not in known:
                allowed = ", ".join(known) or "none"
                raise ValueError(f"params.{name} is not a parameter of {self.path}: {allowed}")
            low, high = known[name].minimum, known[name].maximum
            if not low <= value <= high:
                raise ValueError(f"params.{name} is {value}, allowed: {low} to {high}")
        return self

    @property
    def url(self) -> str:
        """The request target: path and query."""
        query = "&".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.path}?{query}" if query else self.path


class Workload(_Table):
    """What the requests do. It may narrow the experiment to some profiles or loads."""

    name: Name
    description: str = ""
    requests: tuple[Request, ...] = Field(min_length=1)
    profiles: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _requests_differ(self) -> Self:
        urls = [request.url for request in self.requests]
        if len(set(urls)) < len(urls):
            raise ValueError(f"requests must differ, got: {', '.join(urls)}; use their weights")
        return self


class OpenLoad(_Table):
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


class ClosedLoad(_Table):
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


class Bystander(_Table):
    """An independent Poisson stream of a cheap request beside the load."""

    rate: Rate
    path: ContractPath = "/hello"


class Experiment(_Table):
    """Profiles × workloads × loads × repetitions, and everything that is equal for all.

    `generators` processes share the load; with `spin` each is punctual to microseconds and takes
    a whole core. `capture` requests are captured from `capture_from_s` on, which counts from the
    start of the measurement window; None for a quarter of it. Against `standing` servers only the
    profiles run that these have.
    """

    name: Name
    question: str
    seed: int = Field(ge=0, lt=2**63)
    repetitions: int = Field(default=1, ge=1, le=100)
    warmup_s: float = Field(default=1.0, ge=0.0, le=600.0)
    measure_s: Seconds
    drain_s: Seconds = 2.0
    max_in_flight: int = Field(default=2000, ge=1, le=50_000)
    generators: int = Field(default=1, ge=1, le=16)
    spin: bool = False
    instruments: bool = True
    explain: bool = False
    capture: int = Field(default=50, ge=0, le=500)
    capture_from_s: float | None = Field(default=None, ge=0.0)
    profiles: tuple[str, ...] = Field(min_length=1)
    budget: dict[str, int] = Field(default_factory=dict)
    bystander: Bystander | None = None
    standing: Standing | None = None
    workloads: tuple[Workload, ...] = Field(min_length=1)
    loads: tuple[Load, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        loads = [load.name for load in self.loads]
        workloads = [workload.name for workload in self.workloads]
        different = (("loads", loads), ("workloads", workloads), ("profiles", self.profiles))
        for kind, names in different:
            if len(set(names)) < len(names):
                raise ValueError(f"{kind} must have different names, got: {', '.join(names)}")
        if self.name == "latest":
            raise ValueError(
                "name is 'latest', which is the link to the newest run: choose another"
            )
        _known("profiles", self.profiles, list(PROFILES))
        for workload in self.workloads:
            _known(f"workloads.{workload.name}.profiles", workload.profiles, self.profiles)
            _known(f"workloads.{workload.name}.loads", workload.loads, loads)
        for load in self.loads:
            if isinstance(load, ClosedLoad) and load.users > self.max_in_flight // 2:
                raise ValueError(
                    f"loads.{load.name}.users is {load.users}, allowed: at most half of "
                    f"max_in_flight, which is {self.max_in_flight}"
                )
        if self.explain and not self.instruments:
            raise ValueError("explain is true, allowed: only where instruments is true as well")
        if self.standing is not None and (self.explain or not self.instruments):
            raise ValueError(
                "standing servers keep the instruments that they were started with: explain must "
                "be false and instruments true"
            )
        if self.capture_from_s is not None and self.capture_from_s >= self.measure_s:
            raise ValueError(
                f"capture_from_s is {self.capture_from_s:g}, allowed: less than measure_s, which "
                f"is {self.measure_s:g}"
            )
        self.server_budget()
        return self

    def server_budget(self) -> Budget:
        """The servers' budget: what the file sets, the defaults for the rest."""
        try:
            return Budget(**self.budget)
        except TypeError:
            allowed = ", ".join(Budget.__dataclass_fields__)
            raise ValueError(f"budget has {', '.join(self.budget)}, allowed: {allowed}") from None


def _known(key: str, names: tuple[str, ...], allowed: list[str] | tuple[str, ...]) -> None:
    for name in names:
        if name not in allowed:
            raise ValueError(f"{key} has {name!r}, allowed: {', '.join(allowed)}")


def parse(text: str, source: str = "experiment") -> Experiment:
    """An experiment from TOML text. Raises ExperimentError with one line per fault."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError(f"{source}: not TOML: {error}") from None
    try:
        # JSON's arrays may become tuples in strict mode, Python's lists may not.
        return Experiment.model_validate_json(json.dumps(narrowed(data, source), default=str))
    except ValidationError as error:
        lines = [f"{source}: {text}" for text in sentences(error.errors(), Experiment)]
        raise ExperimentError("\n".join(lines)) from None


def find(name_or_path: str) -> Path:
    """The file of an experiment: a path, or the name of one that ships with the testbed."""
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise ExperimentError(f"{path}: no such experiment file")
        return path
    shipped = EXPERIMENTS / f"{name_or_path}.toml"
    if not shipped.is_file():
        names = ", ".join(sorted(file.stem for file in EXPERIMENTS.glob("*.toml")))
        raise ExperimentError(f"{name_or_path}: no such experiment; there are: {names}")
    return shipped
