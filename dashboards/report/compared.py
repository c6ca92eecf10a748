"""What was compared, in words: the loads, the processors, and what no worker could confirm."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.report.format import listed
from loadtests.analysis.summary import Summary


def loads(summary: Summary) -> list[str]:
    """Each load in words, with the workloads that ran under it where it is not all of them."""
    found = []
    for load in summary.loads:
        under = [w.name for w in summary.workloads if not w.loads or load.name in w.loads]
        some = f" ({listed(under)} only)" if 0 < len(under) < len(summary.workloads) else ""
        found.append((load.text or load.name) + some)
    return found


def processors(summary: Summary) -> str:
    """Whether servers and load generator had processors of their own; empty where not known."""
    pinned = {p.name: p.facts["pinned"] for p in summary.profiles if "pinned" in p.facts}
    if not pinned:
        return ""
    loose = [name for name, is_pinned in pinned.items() if not is_pinned]
    if not loose:
        return "server and load generator were pinned to processors of their own"
    who = "no server was" if len(loose) == len(pinned) else f"{listed(loose)} not"
    return f"{who} pinned: server and load generator could share a processor"


def servers(summary: Summary) -> str:
    """Where the servers of the trials came from."""
    stood = any(reason.code == "standing" for trial in summary.trials for reason in trial.warnings)
    return "against servers that ran already" if stood else "each in fresh server processes"


def unverified(summary: Summary) -> Iterator[str]:
    """A clause for each set of declared facts that workers could not confirm: facts, profiles."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for profile in summary.profiles:
        if names := tuple(profile.facts.get("unverified") or ()):
            groups.setdefault(names, []).append(profile.name)
    for names, profiles in groups.items():
        yield f"{listed(names)} of {listed(profiles)}"
