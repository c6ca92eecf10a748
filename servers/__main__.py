"""The door of this room: `python -m servers PROFILE` serves one profile in the foreground."""

from __future__ import annotations

import argparse
import errno
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from servers import database_door, ledger
from servers.budget import Budget, Dependencies
from servers.database_table import PrepareError, prepare
from servers.profiles import PROFILES, Instruments, Profile


class DoorError(Exception):
    """One line for the user, with the remedy; `code` is the exit status."""

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, check, and become the server; returns the exit status if it does not come to that."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["database"]:
        return database_door.main(words[1:])
    parser = _parser()
    arguments = parser.parse_args(words)
    if arguments.profile is None:
        parser.print_help()
        return 0
    try:
        return _serve(arguments)
    except DoorError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code


def _serve(arguments: argparse.Namespace) -> int:
    profile, budget = _profile(arguments.profile), _budget(arguments)
    host, port = arguments.host, _port(arguments.port, profile)
    instruments: Instruments = "on"
    if arguments.bare or arguments.explain:
        instruments = "off" if arguments.bare else "explain"
    command = profile.command(port, budget, host)
    ledgers, calls_on = str(arguments.ledgers.absolute()), _dependencies(arguments)
    environment = profile.environment(budget, instruments, ledgers, calls_on)
    if arguments.dry_run:
        print(_as_shell(command, environment))
    else:
        _check_free(host, port)
        _prepare(arguments.database)
        ledger.sweep(arguments.ledgers, profile.name, "worker")
        print(f"serving {profile.name} at http://{host}:{port}, Ctrl-C ends it", flush=True)
        if arguments.explain:
            print(f"what holds it: {arguments.ledgers}/*.stacks, a JSON line a stack", flush=True)
        os.execvpe(command[0], command, os.environ | environment)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m servers",
        description="Serve one profile in the foreground until Ctrl-C.",
        epilog="profiles:\n" + "\n".join(map(_line, PROFILES.values())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("profile", nargs="?", metavar="PROFILE", help="a row of the table below")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, help="port to listen on (the profile's own)")
    for item in fields(Budget):
        option = "--" + item.name.replace("_", "-")
        meaning = item.metadata["meaning"] + " (%(default)s)"
        parser.add_argument(option, type=int, default=item.default, metavar="N", help=meaning)
    parser.add_argument(
        "--downstream", default="", metavar="URL", help="what /downstream calls: http://HOST:PORT"
    )
    parser.add_argument(
        "--database", default=os.environ.get("DATABASE_URL", ""), metavar="URL",
        help="the PostgreSQL of /db (DATABASE_URL); python -m servers database starts one",
    )  # fmt: skip
    _add_instruments(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the command and end")
    return parser


def _add_instruments(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--explain", action="store_true", help="find the lines that hold a worker")
    either.add_argument("--bare", action="store_true", help="serve without instruments")
    parser.add_argument(
        "--ledgers",
        type=Path,
        default=ledger.default_folder(),
        metavar="DIR",
        help="folder that the exporter reads what the workers count from (%(default)s)",
    )


def _line(profile: Profile) -> str:
    return f"  {profile.name:14} port {profile.port}  {profile.description}"


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        rows = "\n".join(map(_line, PROFILES.values()))
        raise DoorError(f"there is no profile {name!r}: choose one of\n{rows}", code=2)
    return PROFILES[name]


def _budget(arguments: argparse.Namespace) -> Budget:
    try:
        return Budget(**{item.name: getattr(arguments, item.name) for item in fields(Budget)})
    except ValueError as error:
        raise _refused(error) from None


def _dependencies(arguments: argparse.Namespace) -> Dependencies:
    try:
        return Dependencies(arguments.downstream, arguments.database)
    except ValueError as error:
        raise _refused(error) from None


def _refused(error: ValueError) -> DoorError:
    name, rest = str(error).split(" ", 1)
    return DoorError(f"--{name.replace('_', '-')} {rest}", code=2)


def _port(given: int | None, profile: Profile) -> int:
    port = profile.port if given is None else given
    if not 1 <= port <= 65_535:
        raise DoorError(f"--port is {port}: give a number from 1 to 65535", code=2)
    return port


def _check_free(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        if isinstance(error, socket.gaierror):
            raise DoorError(
                f"host {host!r} is unknown: give an IPv4 address of this machine", 1
            ) from None
        remedy = "stop what listens there or choose another with --port"
        if error.errno == errno.EADDRINUSE:
            raise DoorError(f"port {port} on {host} is taken: {remedy}", 1) from None
        raise DoorError(f"cannot listen on port {port} of {host}: {error.strerror}", 1) from None


def _prepare(database: str) -> None:
    """Make the table where a database is there; one that is away is no reason not to serve."""
    if database:
        try:
            prepare(database)
        except PrepareError as error:
            print(f"warning: {error}; until then /db answers 503", file=sys.stderr)


def _as_shell(command: list[str], environment: dict[str, str]) -> str:
    variables = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    return " ".join([*variables, shlex.join(command)])


if __name__ == "__main__":
    sys.exit(main())
