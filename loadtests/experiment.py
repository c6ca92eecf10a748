"""An experiment: TOML in, frozen typed values out.

An experiment is profiles × workloads × loads × repetitions with one seed. Unknown keys, wrong
types and values out of range are errors that name the key, the value and what is allowed.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from loadtests import databases
from loadtests.connections import require_even
from loadtests.deciding import Calibrating, Objective, Price, Stopping
from loadtests.downstream import Downstream, check_downstream
from loadtests.experiment_errors import ExperimentError, sentences
from loadtests.standing import Standing, narrowed
from loadtests.tables import ContractPath, Name, Rate, Seconds, Table
from loadtests.workload import ClosedLoad, Load, Workload
from servers.budget import Budget
from servers.profiles import PROFILES

EXPERIMENTS = Path(__file__).parent / "experiments"


class Bystander(Table):
    """An independent Poisson stream of a cheap request beside the load."""

    rate: Rate
    path: ContractPath = "/hello"


class Experiment(Table):
    """Profiles × workloads × loads × repetitions, and everything that is equal for all.

    `generators` processes share the load; with `spin` each is punctual to microseconds and takes
    a whole core. `capture` requests are captured from `capture_from_s` on, which counts from the
    start of the measurement window; None for a quarter of it. Against `standing` servers only the
    profiles run that these have. `repetitions` is the least where `stop` may ask for more, and an
    INVALID trial is tried again up to `retries` times. On a bad day an answer within `patience_ms`
    is a good one; without it that is what `capacity` asks of p99, or a second. Profiles of `twice`
    run twice in each repetition, for the noise floor: how far equal things differ.
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
    patience_ms: float | None = Field(default=None, gt=0.0)
    capture: int = Field(default=50, ge=0, le=500)
    capture_from_s: float | None = Field(default=None, ge=0.0)
    profiles: tuple[str, ...] = Field(min_length=1)
    budget: dict[str, int] = Field(default_factory=dict)
    bystander: Bystander | None = None
    standing: Standing | None = None
    downstream: Downstream | None = None
    retries: int = Field(default=1, ge=0, le=5)
    twice: tuple[str, ...] = ()
    predict: Calibrating | None = None
    capacity: Objective | None = None
    stop: Stopping | None = None
    price: Price | None = None
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
            window_s = self.window_s(load)
            if load.mode == "open" and load.burst and load.burst.until_s >= window_s:
                raise ValueError(
                    f"loads.{load.name}.burst ends at {load.burst.until_s:g}, allowed: before "
                    f"measure_s, which is {window_s:g}"
                )
        if self.explain and not self.instruments:
            raise ValueError("explain is true, allowed: only where instruments is true as well")
        if self.standing is not None and (self.explain or not self.instruments):
            raise ValueError(
                "standing servers keep the instruments that they were started with: explain must "
                "be false and instruments true"
            )
        if self.capture_from_s is not None and self.capture_from_s >= self.shortest_s:
            raise ValueError(
                f"capture_from_s is {self.capture_from_s:g}, allowed: less than measure_s, which "
                f"is {self.shortest_s:g}"
            )
        check_downstream(self)
        self.server_budget()
        return self

    @model_validator(mode="after")
    def _decisions_agree(self) -> Self:
        _known("twice", self.twice, self.profiles)
        for workload in self.workloads:
            if databases.on_database(self, workload):
                require_even(self.server_budget(), workload.profiles or self.profiles)
        if self.predict is not None:
            # A burst is no state that anything could be measured in.
            steady = [one.name for one in self.loads if one.mode == "open" and one.burst is None]
            _known("predict.loads", self.predict.loads, steady)
        if self.capacity is not None:
            names = [workload.name for workload in self.workloads]
            _known("capacity.workloads", self.capacity.workloads, names)
            _known("capacity.profiles", self.capacity.profiles, self.profiles)
        if self.stop is not None and self.stop.most < self.repetitions:
            raise ValueError(
                f"stop.most is {self.stop.most}, allowed: at least repetitions, which is "
                f"{self.repetitions}"
            )
        return self

    def window_s(self, load: Load) -> float:
        """How long trials under a load are measured, in seconds."""
        return load.measure_s or self.measure_s

    @property
    def shortest_s(self) -> float:
        """How long the trials are measured that are measured the shortest, in seconds."""
        return min(map(self.window_s, self.loads))

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
