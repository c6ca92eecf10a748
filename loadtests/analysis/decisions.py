"""What a run decides: frozen records, part of the shape of `summary.json`.

Intervals are at 95 % over trials, and None where fewer than five trials stand behind them. Numbers
of trials are evidence: each names a trial of the same run.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from loadtests.analysis.predicted import Prediction


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantity with its interval, from `n` trials or pairs of trials.

    Where it is `searched` it is the ratio of two capacities: `n` is then the number of searches,
    and the interval lies between the farthest ends of theirs.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    searched: bool = False


@dataclass(frozen=True, slots=True)
class LawCheck:
    """A law of operation held against two independent measurements of one trial.

    `law` is `little` (requests in hand = rate × latency) or `utilisation` (occupied = rate × hold).
    `discrepancy` is measured / expected - 1; beyond ± `tolerance` it gates.
    """

    law: str
    expected: float
    measured: float
    discrepancy: float
    tolerance: float
    text: str

    @property
    def holds(self) -> bool:
        """Whether the two agree."""
        return abs(self.discrepancy) <= self.tolerance


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one profile does under one load, in a sentence; `evidence` has the numbers behind it.

    `code` is one of those in `diagnosis.CODES`.
    """

    profile: str
    workload: str
    load: str
    code: str
    text: str
    evidence: dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Probe:
    """One trial of a search: whether its rate met the objective, and what failed where not."""

    trial: int
    rate_rps: float
    met: bool
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Capacity:
    """The highest rate that meets the service-level objective, between two rates that bound it.

    `low_rps` was met and `high_rps` was not, each more often than the contrary. `note` says what
    limits it: a search that ended early, or an interval wider than was asked for.
    """

    profile: str
    workload: str
    rate_rps: float
    low_rps: float
    high_rps: float
    objective: str = ""
    probes: tuple[Probe, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What 1,000 requests of a workload cost a profile at `rate_rps`, its capacity where known.

    `mb_per_1000_rps` is peak memory for each 1,000 requests/s served. Money is in the currency of
    the price that the user gave, and None without one. `kb_per_connection` is as in a trial.
    """

    profile: str
    workload: str
    rate_rps: float
    trials: tuple[int, ...]
    cpu_s_per_1000: float | None
    memory_mb: float | None
    mb_per_1000_rps: float | None
    mb_per_idle_connection: float | None = None
    money_per_million: float | None = None
    currency: str = ""
    kb_per_connection: float | None = None


@dataclass(frozen=True, slots=True)
class Usl:
    """The Universal Scalability Law fitted to throughput against concurrency of one profile.

    X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)); `peak` is the N with the most throughput,
    None where beta cannot be told from zero.
    """

    profile: str
    workload: str
    gamma: Estimate
    alpha: Estimate
    beta: Estimate
    peak: float | None
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class ScalePoint:
    """`users` requests asked for at once of one profile, and how many it had in hand.

    `in_hand` is by Little's law of the time in the application. Memory and CPU are of all
    processes of the server. `limit` names what was hit first, and is empty where nothing was.
    """

    profile: str
    workload: str
    users: int
    trial: int
    in_hand: float | None
    answered_rps: float
    p50_ms: float | None
    memory_mb: float | None
    kb_per_waiting: float | None
    cpu_share: float | None
    limit: str
    text: str


@dataclass(frozen=True, slots=True)
class Cliff:
    """Where more requests at once of one profile only wait.

    `points` are (in flight, median latency in ms). `edge` is how many are served at once, None
    where latency did not rise; `limit` names the pool that has so many `places`, and is empty where
    none has.
    """

    profile: str
    workload: str
    points: tuple[tuple[int, float], ...]
    edge: float | None
    limit: str
    places: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of the founding text with its verdict.

    `verdict` is `supported`, `refuted`, `depends`, `no visible difference`, `undecided` (too few
    trials or overlapping intervals) or `not measured` (this run holds nothing of it). `text` is the
    finding in one sentence with its numbers, `detail` all else that was seen, `crossover` says
    where it depends, and `anchor` is the id of its chart in the report. An `estimate` is how many
    times better the side is that the claim favours; `evidence` has the figures in words, with their
    units.
    """

    id: str
    statement: str
    verdict: str
    text: str
    estimate: Estimate | None = None
    crossover: str = ""
    anchor: str = ""
    evidence: dict[str, float | str] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """One line of the decision card: for work of this kind, what to choose, and how sure that is.

    `choice` is `sync`, `threads`, `greenlets`, `async`, `hybrid` or `any`; `sure` is `measured`,
    `predicted` or `unsure`. `capacities` are requests/s by choice, `crossover` where it changes.
    """

    workload: str
    choice: str
    sure: str
    text: str
    crossover: str
    capacities: dict[str, float]


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """One profile against itself: how far equal things differed here, as a ratio of a metric.

    `ratio` is of the second arm to the first, over the repetitions that pair them; `spread` the
    greatest factor by which one pair differed.
    """

    profile: str
    workload: str
    load: str
    metric: str
    ratio: Estimate
    spread: float


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that a run decides, beside its comparisons and findings."""

    predictions: tuple[Prediction, ...] = ()
    costs: tuple[Cost, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    usl: tuple[Usl, ...] = ()
    scale: tuple[ScalePoint, ...] = ()
    cliffs: tuple[Cliff, ...] = ()
    claims: tuple[Claim, ...] = ()
    advice: tuple[Advice, ...] = ()
    noise: tuple[NoiseFloor, ...] = ()
