"""`python -m loadtests live`: both twins under one load; commands come in, frames go out."""

from __future__ import annotations

import argparse
import socket
import sys

from loadtests.live import lines
from loadtests.live.called import Called
from loadtests.live.load import Load
from loadtests.live.session import Session
from loadtests.live.twin import Twin
from loadtests.run import host
from loadtests.run.host import HostError
from loadtests.run.world import RealWorld
from servers.profiles import PROFILES

SWITCH_S = 0.0005
"""How long a load may have to wait for the interpreter while figures are worked out beside it."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command at the door."""
    parser = commands.add_parser("live", help="both twins under one load, for a page to show")
    names = ", ".join(PROFILES)
    parser.add_argument(
        "profiles", nargs=2, choices=list(PROFILES), metavar="PROFILE", help=f"two of {names}"
    )
    parser.add_argument(
        "--ports", nargs=2, type=int, default=(0, 0), metavar="PORT",
        help="where the two listen, 0 for a free one (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--downstream-port", type=int, default=0, metavar="PORT",
        help="where the service that both call listens, 0 for a free one (%(default)s)",
    )  # fmt: skip
    parser.set_defaults(do=do)


def do(arguments: argparse.Namespace) -> int:
    """Run a session until its commands end. Raises HostError where a port is taken."""
    for port in arguments.ports:
        _check_free(port, "--ports (of the page: --wsgi-port and --asgi-port)")
    _check_free(arguments.downstream_port, "--downstream-port")
    sys.setswitchinterval(SWITCH_S)
    world, commands = RealWorld(), lines.Commands()
    folder = world.make_folder()
    twins, loads = list[Twin](), list[Load]()
    called = Called(world, arguments.downstream_port or world.free_port(), folder)
    try:
        called.attend()
        began_ns = world.now_ns()
        for name, port, cpus in zip(arguments.profiles, arguments.ports, _cpus(), strict=True):
            taken = port or world.free_port()
            twins.append(Twin(world, name, taken, folder, cpus, called.dependencies))
            loads.append(Load(twins[-1].address, began_ns, name))
        session = Session(twins, loads, lines.write, world.now_ns, called=called)
        session.start()
        commands.keep(session)
    finally:
        for load in loads:
            load.end()
        for twin in twins:
            twin.stop()
        called.stop()
        world.remove_folder(folder)
    return 0


def _check_free(port: int, option: str) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except (OSError, OverflowError) as error:
        raise HostError(
            f"port {port} cannot be had ({error}): stop what listens there, or choose another "
            f"with {option}"
        ) from None


def _cpus() -> tuple[frozenset[int] | None, frozenset[int] | None]:
    """A processor for each twin, where there are two: what one computes is not the other's."""
    usable = sorted(host.usable_cpus() or ())
    if len(usable) < 2:
        return None, None
    return frozenset(usable[:1]), frozenset(usable[1:2])
