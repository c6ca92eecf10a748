"""The door: `python -m loadtests run EXPERIMENT` and `python -m loadtests analyze RUN`.

Light on purpose: what the door needs is imported inside, where an interrupt and a missing package
can be answered with one line.
"""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Open the door. 0: done, 1: failed on the way, 2: refused, 130: interrupted."""
    try:
        from loadtests import door

        return door.main(argv)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        remedy = "run this with .venv/bin/python (make demo makes it)"
        print(f"error: {error.name} is not installed: {remedy}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
