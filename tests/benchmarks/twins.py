"""What the twins cost: their throughput on `/hello` over that of the shortest possible app.

Both are served by the very same command, without instruments, in turn.
"""

from __future__ import annotations

from servers.profiles import PROFILES
from tests.benchmarks import figures, turns
from tests.benchmarks.observer import without


def main() -> None:
    """Every profile in turn."""
    for profile, row in PROFILES.items():
        bare = without(profile, app=f"tests.benchmarks.bare_{row.twin}:create_app")
        found = turns.ratios({"bare": bare, "ours": without(profile)})
        figures.save(f"twins.throughput_over_bare.{profile}", found["ours"])
