"""What surrounds the figures: how each profile served, and the machine it served on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from dashboards.palette import look
from dashboards.report.format import MISSING, count, figure
from loadtests.analysis.subjects import ProfileSummary

# The factors of a profile, each with the facts of the contract that say it.
FACTORS: dict[str, tuple[str, ...]] = {
    "server": ("server", "server_version"),
    "parser": ("parser",),
    "loop": ("loop",),
    "processes": ("workers",),
    "threads": ("threads",),
}

# What the names of figures end in, and what are shares: of the window, or of a processor.
UNITS = {"ms": "ms", "rps": "requests/s", "mb": "MiB"}
SHARES = ("occupancy", "cpu", "application_cpu")

# SVG path of each symbol round the middle of a 34 × 12 swatch, as the charts draw it.
SHAPES = {
    "circle": "M13.5 6a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    "rect": "M13.5 2.5h7v7h-7z",
    "triangle": "M17 2l4 7.5h-8z",
    "diamond": "M17 1.5l4.5 4.5l-4.5 4.5l-4.5-4.5z",
}


def factors(profile: ProfileSummary) -> dict[str, str]:
    """Server, parser, loop, processes and threads of a profile, as its facts report them."""
    facts = dict(profile.facts)
    # A loop is reported as its class; its package is what it is known by.
    facts["loop"] = str(facts["loop"]).split(".")[0] if facts.get("loop") else None
    return {
        name: " ".join(_text(facts[k]) for k in keys if facts.get(k) is not None) or MISSING
        for name, keys in FACTORS.items()
    }


def evidence(values: Mapping[str, Any]) -> dict[str, str]:
    """The evidence of a finding as text by name, a table of values on one line, units with both."""
    return dict(_told(name, value) for name, value in values.items())


def _told(name: str, value: Any) -> tuple[str, str]:
    words, unit = _measured(name)
    if isinstance(value, Mapping):
        return words, ", ".join(f"{k} {v}" for k, v in flat(value).items())
    if name == "metric":
        return words, ", ".join(filter(None, _measured(str(value))))
    if name in SHARES and isinstance(value, float):
        return words, f"{figure(100 * value)} %"
    whole = not unit and isinstance(value, float) and value.is_integer()
    return words, f"{count(value) if whole else _text(value)} {unit}".rstrip()


def _measured(name: str) -> tuple[str, str]:
    """What a figure is called, and its unit, by its name: `latency_ms`."""
    first, _, last = name.rpartition("_")
    words, unit = (first, UNITS[last]) if first and last in UNITS else (name, "")
    return words.replace("_", " ").replace("cpu", "CPU"), unit


def observer(environment: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """What the instruments cost: profile, which requests were measured, ratios of throughput."""
    words = {"full": "every request", "sampled": "a sample"}
    found = []
    for name, ratios in (environment.get("observer") or {}).items():
        profile, _, extent = name.rpartition(".")
        if profile:
            found.append((profile, words.get(extent, extent), ratios))
    return found


def observed_on(environment: Mapping[str, Any]) -> str:
    """Where that was measured, as a sentence: it may have been another machine."""
    host = (environment.get("observer") or {}).get("host")
    if not host:
        return "On which machine that was measured, is not recorded: make bench measures it anew."
    said = (
        f"Measured on {_text(host.get('cpu'))}, commit {_text(host.get('commit'))}, by make bench"
    )
    here = environment.get("cpu")
    other = here is not None and host.get("cpu") != here
    return f"{said}; this was another machine than that of this run." if other else f"{said}."


def flat(values: Mapping[str, Any]) -> dict[str, str]:
    """Facts or an environment as text by dotted name, nested tables unfolded."""
    return dict(_flat(values))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _text(value)


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)


def swatch(name: str) -> Markup:
    """A piece of the profile's line with its symbol, as SVG that is hidden from screen readers."""
    style = look(name)
    hollow = style.symbol.startswith("empty")
    shape = SHAPES[style.symbol.removeprefix("empty").lower()]
    dash = " ".join(str(n) for n in style.dash)
    return Markup(
        '<svg class="swatch" width="34" height="12" aria-hidden="true">'
        '<path d="M1 6h32" stroke="{c}" stroke-width="2" stroke-dasharray="{d}"/>'
        '<path d="{s}" stroke="{c}" stroke-width="1.8" {f}/></svg>'
    ).format(
        c=style.colour,
        d=dash,
        s=shape,
        f=Markup('class="hollow"') if hollow else Markup('fill="{}"').format(style.colour),
    )
