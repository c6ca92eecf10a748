"""The line that holds: stacks of the threads that work for a request, taken from another thread.

Rule: the measured thread does nothing for this. What a call into C without the interpreter's lock
does is seen as the line that made the call; a call that keeps the lock is seen when it returns.
"""

from __future__ import annotations

import atexit
import json
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter_ns
from types import FrameType

from servers.instruments import greenlets
from servers.instruments.unit import UNITS

EVERY_S = 0.005
WRITE_S = 0.5
DEPTH = 12
MOST = 200

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
_PLACES = sorted(
    {sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib", "platstdlib")},
    key=len,
    reverse=True,
)


def start(path: Path) -> None:
    """Explain this process's requests into a file, from a thread of the system."""
    if greenlets.are_used():
        from gevent.monkey import get_original

        sleep = get_original("time", "sleep")
        get_original("_thread", "start_new_thread")(_explain, (path, sleep))
    else:
        threading.Thread(target=_explain, args=(path, time.sleep), daemon=True).start()


class Stacks:
    """What was found, by route and stack: how often, and for how long, in nanoseconds."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        self.changed = False

    def look(self, now_ns: int, since_ns: int) -> None:
        """Note what every thread does for its request; `since_ns` is the time of the look before.

        Each look stands for the time since the last one, so that steps too short to be met every
        time are counted by how often they are.
        """
        threads = sys._current_frames()
        for thread, unit in list(UNITS.items()):
            request = unit.running
            if request is not None and thread in threads:
                self._note(request.path, tuple(frames(threads[thread])), now_ns - since_ns)

    def _note(self, route: str, stack: tuple[str, ...], held_ns: int) -> None:
        if (route, stack) in self._found or len(self._found) < MOST:
            found = self._found.setdefault((route, stack), [0, 0])
            found[0] += 1
            found[1] += held_ns
            self.changed = True

    def lines(self) -> Iterator[str]:
        """As JSON, a line for each stack."""
        for (route, stack), (samples, held_ns) in list(self._found.items()):
            held_ms = round(held_ns / 1e6, 3)
            found = {"route": route, "samples": samples, "held_ms": held_ms, "frames": stack}
            yield json.dumps(found) + "\n"


def frames(innermost: FrameType | None) -> Iterator[str]:
    """A stack as `file:line function`, the innermost first, without the instruments' own."""
    left = DEPTH
    while innermost is not None and left:
        code = innermost.f_code
        if not Path(code.co_filename).is_relative_to(_HERE):
            yield f"{_short(code.co_filename)}:{innermost.f_lineno} {code.co_qualname}"
            left -= 1
        innermost = innermost.f_back


def _short(file: str) -> str:
    for place in (*_PLACES, str(_ROOT)):
        if file.startswith(place + "/"):
            return file[len(place) + 1 :]
    return Path(file).name


def _explain(path: Path, sleep: object) -> None:
    assert callable(sleep)
    stacks, seen_ns, written_ns = Stacks(), perf_counter_ns(), 0
    # The last half second is written when the worker ends.
    atexit.register(_write, path, stacks)
    while True:
        sleep(EVERY_S)
        now_ns = perf_counter_ns()
        stacks.look(now_ns, seen_ns)
        seen_ns = now_ns
        if stacks.changed and now_ns - written_ns > WRITE_S * 1e9:
            stacks.changed = False
            written_ns = now_ns
            _write(path, stacks)


def _write(path: Path, stacks: Stacks) -> None:
    """Whole or not at all: a worker may be killed at any moment, and its folder removed."""
    fresh = path.with_suffix(".part")
    with suppress(OSError):
        fresh.write_text("".join(list(stacks.lines())), encoding="utf-8")
        fresh.replace(path)
