"""What a client may do that no good client does: declared in a workload, done by the engine.

Whoever waits for its answer in its own way belongs to the load (`retrying`, `polling`); whoever
does not is a stream of its own, so that what it suffers is not taken for what the others do.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Pace = Annotated[float, Field(ge=1.0, le=10_000_000.0)]


class _Client(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    misbehaves: ClassVar[bool] = True
    """Whether its requests are none of the load's."""


class SlowSender(_Client):
    """Sends `bytes_per_s` of its request's body, or where that has none of its head."""

    kind: Literal["slow-sender"]
    bytes_per_s: Pace

    @property
    def text(self) -> str:
        """What it does, in words."""
        return f"slow sender ({self.bytes_per_s:g} bytes/s)"


class SlowReader(_Client):
    """Reads `bytes_per_s` of its answer, through a receive buffer as small as the system allows."""

    kind: Literal["slow-reader"]
    bytes_per_s: Pace

    @property
    def text(self) -> str:
        """What it does, in words."""
        return f"slow reader ({self.bytes_per_s:g} bytes/s)"


class Silent(_Client):
    """Connects, sends nothing or half of a request line, and closes after `for_s`."""

    kind: Literal["silent"]
    for_s: float = Field(ge=0.05, le=600.0)
    sends: Literal["nothing", "half a line"] = "nothing"

    @property
    def text(self) -> str:
        """What it does, in words."""
        return f"silent client (sends {self.sends}, {self.for_s:g} s)"


class Vanishing(_Client):
    """Sends its request, and closes `after_ms` where the answer has not come by then."""

    kind: Literal["vanishing"]
    after_ms: float = Field(ge=0.0, le=60_000.0)

    @property
    def text(self) -> str:
        """What it does, in words."""
        return f"vanishing client (after {self.after_ms:g} ms)"


class Retrying(_Client):
    """Waits `patience_ms` for an answer, then closes and tries again at once: `attempts` in all."""

    misbehaves: ClassVar[bool] = False
    kind: Literal["retrying"]
    patience_ms: float = Field(ge=1.0, le=60_000.0)
    attempts: int = Field(ge=1, le=100)

    @property
    def text(self) -> str:
        """What it does, in words."""
        return f"retrying client ({self.patience_ms:g} ms, {self.attempts} attempts)"


class Polling(_Client):
    """Is told where its work will be (`202`, `Location`), and asks there until that has ended."""

    misbehaves: ClassVar[bool] = False
    kind: Literal["polling"]
    every_ms: float = Field(ge=1.0, le=60_000.0)

    @property
    def text(self) -> str:
        """What it does, in words."""
        return f"polling client (every {self.every_ms:g} ms)"


Client = Annotated[
    SlowSender | SlowReader | Silent | Vanishing | Retrying | Polling,
    Field(discriminator="kind"),
]
