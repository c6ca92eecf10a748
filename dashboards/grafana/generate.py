"""The files that Grafana and Prometheus read, made from code, and whether they still are as made.

Rule: a file is compared as a whole: whoever edits one finds it named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.grafana import (
    blocking,
    deferral,
    dependencies,
    generator,
    responsiveness,
    scalability,
    twins,
)
from dashboards.grafana.board import build_dashboard
from dashboards.prometheus import local, rules

HOME = Path(__file__).parent / "generated"
_BOARDS = (twins, responsiveness, blocking, scalability, dependencies, deferral, generator)


def files() -> Mapping[Path, str]:
    """Every file with what it shall hold."""
    boards = [module.board() for module in _BOARDS]
    found = {HOME / f"{one.name}.json": document(build_dashboard(one)) for one in boards}
    return found | {local.HOME / local.RULES: rules.render()}


def document(dashboard: Dashboard) -> str:
    """A dashboard as JSON, its keys in order."""
    found: dict[str, Any] = json.loads(JSONEncoder().encode(dashboard))
    # The SDK puts links and marks into a menu; left out, they are shown above the panels.
    for one in [*found["links"], *found["annotations"]["list"]]:
        one.pop("placement", None)
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def stale() -> list[Path]:
    """The files that are missing, differ from what is made now, or are made no more."""
    made = files()
    differ = [path for path, text in made.items() if not path.exists() or _read(path) != text]
    return differ + sorted(set(HOME.glob("*.json")) - made.keys())


def write() -> list[Path]:
    """Make every file that is stale anew, and remove what is made no more; returns them."""
    made, changed = files(), stale()
    HOME.mkdir(exist_ok=True)
    for path in changed:
        if path in made:
            path.write_text(made[path], encoding="utf-8")
        else:
            path.unlink()
    return changed


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
