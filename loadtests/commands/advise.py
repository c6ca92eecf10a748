"""`python -m loadtests advise`: the decision card, for a request as described by the arguments."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from pathlib import Path

from loadtests import results
from loadtests.analysis.advice_basis import CHOICES, Basis, basis_of, with_slots
from loadtests.analysis.advice_card import Answer, answer
from loadtests.analysis.advice_model import Question
from loadtests.analysis.claims.words import figure, listed, ms
from loadtests.analysis.summary_json import SummaryError, read
from loadtests.results import RESULTS, ResultsError

WIDTH = 80
EXPLAINED = """
The answer rests on a saved run: what each way of serving needed for a request in it. Any run will
do that measured several; one of `claims` has capacities as well, one of `fanout` what calls cost.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command at the door."""
    parser = commands.add_parser(
        "advise",
        help="which way of serving to choose",
        description="Which way of serving to choose for a request, with the evidence of a run.",
        epilog=EXPLAINED,
    )
    parser.add_argument(
        "run", nargs="?", type=Path, default=RESULTS / "latest", metavar="RUN",
        help="a run folder (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--cpu-ms", type=_amount, required=True, metavar="MS", help="what a request computes"
    )
    parser.add_argument(
        "--wait-ms", type=_amount, required=True, metavar="MS", help="what each of its calls takes"
    )
    parser.add_argument(
        "--fan-out", type=_number, default=1, metavar="N", help="calls a request (%(default)s)"
    )
    parser.add_argument(
        "--concurrency", type=_number, default=100, metavar="N",
        help="requests in hand at once (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--slots", type=_number, default=None, metavar="N",
        help="processes, threads, or threads of the pool (as in the run)",
    )  # fmt: skip
    parser.add_argument(
        "--connections", type=_number, default=0, metavar="N",
        help="connections that the calls share, as of a database's pool (any number)",
    )  # fmt: skip
    parser.add_argument("--blocking", action="store_true", help="the calls cannot be awaited")
    parser.add_argument(
        "--payload-kb", type=_amount, default=1.0, metavar="KB", help="the answer (%(default)s)"
    )
    parser.set_defaults(do=do)


def do(arguments: argparse.Namespace) -> int:
    """Print the card. Raises ResultsError where the run cannot be asked."""
    question = Question(
        cpu_ms=arguments.cpu_ms,
        wait_ms=arguments.wait_ms,
        fan_out=arguments.fan_out,
        concurrency=max(1, arguments.concurrency),
        blocking=arguments.blocking,
        payload_kb=arguments.payload_kb,
        connections=arguments.connections,
    )
    basis = _basis(arguments.run)
    if arguments.slots is not None:
        basis = with_slots(basis, max(1, arguments.slots))
    print("\n".join(card(answer(question, basis), basis)))
    return 0


def card(found: Answer, basis: Basis) -> Iterator[str]:
    """The lines of the card."""
    yield f"{_asked(found.question)}: {found.choice.upper()} ({found.sure})"
    yield ""
    yield from _wrapped("", found.why)
    yield ""
    n = found.question.concurrency
    yield f"{'':11}{'profile':15}{'at most':>12}{'ends with':>11}{'alone':>11}{f'{n} at once':>15}"
    for offer in found.offers:
        most = f"{figure(offer.capacity_rps)}/s{'*' if offer.measured else ' '}"
        times = f"{ms(offer.alone_ms):>11}{ms(offer.latency_ms(n)):>15}"
        yield f"{offer.choice:11}{offer.profile:15}{most:>12}{offer.limit:>11}{times}"
    yield ""
    if found.crossover:
        yield from _wrapped("Crossover  ", found.crossover)
    yield from _wrapped("How sure   ", f"{found.sure}: {found.doubt}")
    yield from _wrapped("Evidence   ", _evidence(found, basis))


def _asked(question: Question) -> str:
    calls = f"{question.fan_out} × " if question.fan_out > 1 else ""
    waits = f"{calls}{ms(question.wait_ms)} of {'blocking' if question.blocking else 'waiting'}"
    shared = f" over {question.connections} connections" if question.connections else ""
    return f"{ms(question.cpu_ms)} of CPU, {waits}{shared}, {question.concurrency} at once"


def _evidence(found: Answer, basis: Basis) -> str:
    each = [
        f"{server.choice} {ms(server.own_ms)} (trial {', '.join(map(str, server.trials[:3]))})"
        for server in basis.servers
    ]
    told = (
        f"run {basis.run}; {basis.slots} slots; CPU of a request that does nothing: {listed(each)}"
    )
    if found.question.fan_out and any(server.call_ms for server in basis.servers):
        calls = [f"{one.choice} {ms(one.call_ms)}" for one in basis.servers if one.call_ms]
        told += f"; of a call {listed(calls)}"
    if any(offer.measured for offer in found.offers):
        told += "; * is a capacity that was searched for"
    missing = [choice for choice in CHOICES if choice not in {s.choice for s in basis.servers}]
    return told + (f"; not in this run: {listed(missing)}" if missing else "")


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False
    )


def _basis(path: Path) -> Basis:
    if path == RESULTS / "latest" and not path.exists():
        raise ResultsError(f"{path}: no run to ask; make one with make demo, or name one")
    try:
        basis = basis_of(read(results.existing(path).summary))
    except SummaryError as error:
        raise ResultsError(str(error)) from None
    if not basis.servers:
        raise ResultsError(f"{path}: no valid trial says what a request costs; name another run")
    return basis


def _amount(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text}: allowed are 0 to 1000000")
    return value


def _number(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: allowed are 0 to 1000000")
    return value
