"""How the load generator itself fared: the first suspect when a figure looks wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loadtests.records import GeneratorReport
from loadtests.samples import NEVER, Outcome, Samples

SECOND = 1e9


@dataclass(frozen=True, slots=True)
class Generation:
    """Lateness in milliseconds; the rest are shares, of the busiest process where there are more.

    The lateness is stated however few samples there are, then as their maximum: it is a gate.

    `punctual` counts the requests that were begun before the window ended among all that were
    intended in it and not dropped; None where there were none.
    """

    lateness_p99_ms: float | None
    punctual: float | None
    cpu: float
    delay: float | None


def generation_of(
    reports: Sequence[GeneratorReport], samples: Samples, window_s: float
) -> Generation:
    """The generator's own figures, from its reports and the samples of the window."""
    was_sent, kept = samples.sent_ns != NEVER, samples.outcome != Outcome.DROPPED
    sent = samples.where(was_sent)
    begun_ns = sent.sent_ns - sent.connect_ns
    late_ns = begun_ns - sent.intended_ns
    intended = int(np.count_nonzero(kept))
    never = int(np.count_nonzero(kept & ~was_sent))
    # A request that never got a connection was begun all the same.
    in_time = int(np.count_nonzero(begun_ns < window_s * SECOND)) + never
    delays = [r.run_delay_s / r.wall_s for r in reports if r.run_delay_s is not None]
    return Generation(
        lateness_p99_ms=_p99_ms(late_ns),
        punctual=in_time / intended if intended else None,
        cpu=max(report.cpu_s / report.wall_s for report in reports),
        delay=max(delays) if delays else None,
    )


def _p99_ms(late_ns: npt.NDArray[np.int64]) -> float | None:
    return float(np.quantile(late_ns, 0.99, method="higher")) / 1e6 if len(late_ns) else None
