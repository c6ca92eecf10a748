"""What a class may change while it watches, each within bounds, and the requests that follow."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loadtests.live.asked import Asked
from loadtests.tables import Table
from loadtests.workload import Request

THINK_S = 1.0
"""Between the answer to a closed user and that user's next request."""
SHORT_MS, UNITS = 80, 10
"""What the blocking and the computing requests of the mix take."""


class Controls(Table):
    """The load on both twins, and what each of them may spend.

    `work_ms` is how long a request waits, computes or blocks, or the service that it calls takes;
    in the mix, how long most of them wait. `rate` is in requests/s of an open load, `users` are
    those of a closed one. Each worker has `slots` threads, or as many processes where a process has
    one request at a time.
    """

    mode: Literal["open", "closed"] = "open"
    rate: int = Field(default=40, ge=1, le=500)
    users: int = Field(default=40, ge=1, le=500)
    workload: Literal["wait", "call", "compute", "block", "mixed"] = "wait"
    work_ms: int = Field(default=100, ge=1, le=2000)
    workers: int = Field(default=1, ge=1, le=4)
    slots: int = Field(default=8, ge=1, le=32)

    @property
    def requests(self) -> tuple[Request, ...]:
        """What is sent, by weight."""
        waiting = Request(path="/wait", params={"ms": self.work_ms})
        if self.workload == "compute":
            # A unit is about a millisecond, and a request asks for a thousand of them at most.
            return (Request(path="/cpu", params={"units": min(self.work_ms, 1000)}),)
        if self.workload == "call":
            return (Request(path="/downstream", params={"ms": self.work_ms}),)
        if self.workload == "block":
            return (Request(path="/blocking", params={"ms": self.work_ms}),)
        if self.workload == "wait":
            return (waiting,)
        return (
            waiting.model_copy(update={"weight": 8.0}),
            Request(path="/blocking", params={"ms": SHORT_MS}),
            Request(path="/cpu", params={"units": UNITS}),
        )

    @property
    def asked(self) -> Asked:
        """What follows for the load."""
        if self.mode == "open":
            return Asked(self.requests, rate=float(self.rate))
        return Asked(self.requests, users=self.users, think_s=THINK_S)

    @property
    def text(self) -> str:
        """The load in words."""
        work = {
            "wait": f"requests that wait {self.work_ms} ms",
            "call": f"requests that call a service which takes {self.work_ms} ms",
            "compute": f"requests that compute {self.work_ms} ms",
            "block": f"requests that block {self.work_ms} ms",
            "mixed": f"a mix: waiting {self.work_ms} ms, blocking {SHORT_MS} ms, computing",
        }[self.workload]
        if self.mode == "open":
            return f"{self.rate} a second, {work}"
        users = "1 user" if self.users == 1 else f"{self.users} users"
        return f"{users} who think for {THINK_S:g} s, {work}"


BOUNDS: dict[str, dict[str, int]] = {
    name: {
        "minimum": next(m.ge for m in field.metadata if hasattr(m, "ge")),
        "maximum": next(m.le for m in field.metadata if hasattr(m, "le")),
    }
    for name, field in Controls.model_fields.items()
    if field.annotation is int
}
"""The least and the most of every number, for whoever draws the controls."""
