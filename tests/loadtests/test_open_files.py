"""How many connections an experiment may open at once, by its loads."""

from __future__ import annotations

import pytest

from loadtests import experiment as experiments
from loadtests.run.host import connections_at_most

START = """
name = "small"
question = "How many?"
seed = 1
warmup_s = 5.0
measure_s = 15.0
max_in_flight = 20_000
profiles = ["uvloop"]
[[workloads]]
name = "trivial"
requests = [{ path = "/hello" }]
"""
FEW = '[[loads]]\nname = "few"\nmode = "closed"\nusers = 10\n'
MANY = '[[loads]]\nname = "many"\nmode = "closed"\nusers = 9_000\nthink_s = 60.0\n'
OPEN = '[[loads]]\nname = "open"\nmode = "open"\nrate = 1.0\n'
BESIDE = "[bystander]\nrate = 25.0\n"


@pytest.mark.parametrize(
    ("tables", "connections"),
    [
        (FEW + MANY, 9_000),
        (FEW, 10),
        # Twice the 500 arrivals of twenty seconds.
        (BESIDE + MANY, 10_000),
        (MANY + OPEN, 20_000),
        ("[capacity]\n" + MANY, 20_000),
        (BESIDE.replace("25.0", "5000.0") + MANY, 20_000),
    ],
    ids=["closed", "few", "bystander", "open", "search", "quick bystander"],
)
def test_a_closed_user_has_one_connection_and_open_arrivals_any_number(
    tables: str, connections: int
) -> None:
    assert connections_at_most(experiments.parse(START + tables)) == connections
