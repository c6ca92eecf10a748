"""The door of the room: `python -m dashboards report RUN`, and `grafana` or `vendor`.

Rule: nothing but `sys` is imported before `main` stands ready to catch Ctrl-C.
"""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code. Faults are one line on stderr, Ctrl-C is 130."""
    try:
        from dashboards import door

        return door.main(arguments)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        name = (error.name or str(error)).partition(".")[0]
        remedy = "run this with .venv/bin/python (make demo makes it)"
        print(f"error: {name} is not installed: {remedy}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
