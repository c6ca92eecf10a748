"""The split of a request, read from its answer's `Server-Timing`, the W3C's header of that name.

Rule: an answer may hold anything. What is missing, broken or beyond the columns of the samples
was not measured, and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_NONE = -1
_LARGEST = 2**31 - 2


class Split(NamedTuple):
    """Microseconds, or -1 where not measured; `worker` is a process id, or 0."""

    queue_us: int = _NONE
    cpu_us: int = _NONE
    wait_us: int = _NONE
    hold_us: int = _NONE
    step_us: int = _NONE
    worker: int = 0


NOT_MEASURED = Split()

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_STRING = rb'"(?:[^"\\]|\\.)*"'
_PARAMETER = rb"\s*;\s*(%b)\s*=\s*(%b|%b)" % (_TOKEN, _TOKEN, _STRING)
# A string that does not end takes all that is left: looking for its end again would take long.
_LIST = re.compile(rb'(?:[^,"]|%b?)+' % _STRING, re.DOTALL)
_METRIC = re.compile(rb"\s*(%b)((?:%b)*)\s*" % (_TOKEN, _PARAMETER), re.DOTALL)
_PARAMETERS = re.compile(_PARAMETER, re.DOTALL)
_MILLISECONDS = re.compile(rb"[0-9]{1,9}(?:\.[0-9]*)?")
_PROCESS = re.compile(rb"[0-9]{1,9}")
# As our own servers write it, and as it nearly always comes: read in a fraction of the time.
_DURATION = rb"dur=([0-9]{1,6}\.[0-9]{3})"
_OWN = re.compile(
    rb'queue;%b, cpu;%b, wait;%b, hold;%b, step;%b, worker;desc="([0-9]{1,9})"' % ((_DURATION,) * 5)
)


def split_of(headers: Mapping[bytes, bytes]) -> Split:
    """The split in an answer's headers, whatever the case of their names."""
    value = headers.get(b"server-timing") or headers.get(b"Server-Timing")
    if value is None:
        found = [value for name, value in headers.items() if name.lower() == b"server-timing"]
        return parse(found[0]) if found else NOT_MEASURED
    return parse(value)


def parse(value: bytes) -> Split:
    """The split in the value of a `Server-Timing`; other metrics in it are left alone."""
    own = _OWN.fullmatch(value)
    if own is not None:
        queue, cpu, wait, hold, step, worker = [
            int(text.replace(b".", b"")) for text in own.groups()
        ]
        return Split(queue, cpu, wait, hold, step, worker)
    return parse_any(value)


def parse_any(value: bytes) -> Split:
    """As `parse`, of any server: parameters in any order, the first of several of a name."""
    found: dict[bytes, bytes] = {}
    for text in _LIST.findall(value):
        metric = _METRIC.fullmatch(text)
        if metric is not None and metric[1] not in found:
            found[metric[1]] = metric[2]
    durations = (b"queue", b"cpu", b"wait", b"hold", b"step")
    queue, cpu, wait, hold, step = [_microseconds(found.get(name)) for name in durations]
    return Split(queue, cpu, wait, hold, step, _process(found.get(b"worker")))


def _parameter(parameters: bytes | None, name: bytes) -> bytes:
    for found, value in _PARAMETERS.findall(parameters or b""):
        if found.lower() == name:
            return bytes(value[1:-1] if value.startswith(b'"') else value)
    return b""


def _microseconds(parameters: bytes | None) -> int:
    text = _parameter(parameters, b"dur")
    us = round(float(text) * 1000) if _MILLISECONDS.fullmatch(text) else _NONE
    return us if us <= _LARGEST else _NONE


def _process(parameters: bytes | None) -> int:
    text = _parameter(parameters, b"desc")
    return int(text) if _PROCESS.fullmatch(text) else 0
