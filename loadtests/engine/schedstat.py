"""What the kernel's scheduler says of one thread of this process (Linux)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Nanoseconds that a thread was on a processor, and that it was ready and had none."""

    cpu_ns: int
    delay_ns: int


def of_thread(thread: int | None = None) -> Scheduled | None:
    """Of a thread by its id in the system, or of this one; None where the kernel does not tell."""
    place = "/proc/thread-self" if thread is None else f"/proc/self/task/{thread}"
    try:
        cpu, delay, *_ = Path(place, "schedstat").read_text().split()
        return Scheduled(int(cpu), int(delay))
    except (OSError, ValueError):
        return None
