"""Which requests are asked for their split, and which of them are captured.

All are asked at moderate rates, and a seeded random part above, so that the observer does not
become the load.
Rule 1: the rate of open streams is known, and so their part is constant. One that followed what
happens would be smaller after a rush, when queues are long, and so favour short ones.
Rule 2: the rate of closed users is measured, over seconds, so that one slow answer hardly moves it.
"""

from __future__ import annotations

import math
import random

WINDOW_NS = 50_000_000
MEMORY_NS = 2_000_000_000
FOREVER = 2**63


class Stamps:
    """Decides for one request after another, by their intended times.

    Up to `limit_rps` requests a second are asked; 0 asks none. `open_rps` is the rate of all open
    streams, closed users come on top. No clock: the same requests are decided alike.
    What is drawn is not each decision but the number of requests until the next that is asked,
    which is the same in distribution and costs a request only a countdown: `skip` is how many
    that are left, and who counts it down to 0 calls `take` for the next.
    """

    def __init__(self, limit_rps: float, rng: random.Random, open_rps: float = 0.0) -> None:
        self._limit_rps, self._open_rps = limit_rps, open_rps
        self._draw = rng.random
        self._window_ns = self._window_ends_ns = 0
        self._issued = self._gap = 0
        self._requests = self._remembered_ns = 0.0
        self._has_closed = False
        self.skip = 0
        self.share = self._share()
        self._draw_skip()

    def add_open(self, rps: float) -> None:
        """Open streams of this rate have begun; of a rate below 0: have ended."""
        self._open_rps += rps
        self.share = self._share()
        self._draw_skip()

    def take(self, at_ns: int, is_open: bool) -> bool:
        """Whether the request intended at `at_ns` is asked; `is_open`: of an open stream."""
        if self.skip:
            self.skip -= 1
            return False
        self._has_closed = self._has_closed or not is_open
        self._issued += self._gap + 1
        if at_ns >= self._window_ends_ns:
            self._measure(at_ns)
        self._draw_skip()
        return True

    def _draw_skip(self) -> None:
        if self.share >= 1.0:
            self.skip = 0
        elif self.share <= 0.0:
            self.skip = FOREVER
        else:
            self.skip = int(math.log(1.0 - self._draw()) / math.log(1.0 - self.share))
        self._gap = self.skip

    def _measure(self, at_ns: int) -> None:
        """A window has ended: add it to the memory, in which the past fades."""
        if self._window_ns:
            passed_ns = at_ns - self._window_ns
            kept = math.exp(-passed_ns / MEMORY_NS)
            self._requests = self._requests * kept + self._issued
            self._remembered_ns = self._remembered_ns * kept + passed_ns
        self._issued = 0
        self._window_ns, self._window_ends_ns = at_ns, at_ns + WINDOW_NS
        self.share = self._share()

    def _share(self) -> float:
        rps = self._open_rps
        if self._has_closed and self._remembered_ns:
            rps = max(rps, self._requests / self._remembered_ns * 1e9)
        if rps <= self._limit_rps:
            return 1.0 if self._limit_rps else 0.0
        return self._limit_rps / rps


class Captures:
    """The first `count` requests that are intended from `from_ns` on, which is FOREVER then.

    The server is asked for their course by a W3C `traceparent`: the trial's seed names the trace,
    and the intended time, in nanoseconds of the monotonic clock, the request.
    """

    def __init__(self, from_ns: int, count: int, seed: int) -> None:
        self._trace, self._left = seed, count
        self.from_ns = from_ns if count else FOREVER

    def take(self, intended_ns: int) -> bytes:
        """The header line of the next of them."""
        self._left -= 1
        if not self._left:
            self.from_ns = FOREVER
        return b"traceparent: 00-%032x-%016x-01\r\n" % (self._trace, intended_ns)
