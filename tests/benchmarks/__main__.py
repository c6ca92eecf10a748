"""`python -m tests.benchmarks [NAME …]`: all, or some; figures go to results/bench.json.

Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.benchmarks import analysis, demo, generator, least, live, observer, prediction, twins

BENCHMARKS: dict[str, Callable[[], None]] = {
    "generator": generator.main,
    "twins": twins.main,
    "observer": observer.main,
    "least": least.main,
    "demo": demo.main,
    "analysis": analysis.main,
    "prediction": prediction.main,
    "live": live.main,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"error: no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}")
        return 2
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
