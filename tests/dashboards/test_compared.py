"""What was compared: facts by the contract's names, loads by workload, time, and what is unsure."""

import dataclasses

import pytest

from dashboards.report import page
from dashboards.report.compared import loads, processors, unverified
from dashboards.report.facts import FACTORS, factors
from loadtests.analysis.subjects import ProfileSummary
from loadtests.analysis.summary import Reason, Summary
from servers.contract import FACTS
from servers.profiles import PROFILES
from tests.dashboards import summaries
from tests.dashboards.test_page import Reader


def with_facts(made: Summary, name: str, **facts: object) -> Summary:
    profiles = tuple(
        dataclasses.replace(p, facts=p.facts | facts) if p.name == name else p
        for p in made.profiles
    )
    return dataclasses.replace(made, profiles=profiles)


def test_factors_read_facts_of_the_contract_only() -> None:
    assert {fact for names in FACTORS.values() for fact in names} <= set(FACTS)


@pytest.mark.parametrize("name", PROFILES)
def test_the_synthetic_facts_are_those_that_an_analysis_passes_on(name: str) -> None:
    made = summaries.profile(name).facts

    assert set(made) == {*FACTS, "pinned", "unverified"} - {"pid"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sync", ["gunicorn 27.0", "python", "–", "4", "1"]),
        ("gthread", ["gunicorn 27.0", "python", "–", "1", "4"]),
        ("asgi", ["uvicorn 0.54", "h11", "asyncio", "1", "4"]),
        ("uvloop", ["uvicorn 0.54", "httptools", "uvloop", "1", "4"]),
    ],
)
def test_the_factors_of_a_profile(name: str, shown: list[str]) -> None:
    assert list(factors(summaries.profile(name)).values()) == shown


def test_without_facts_every_factor_is_not_stated() -> None:
    assert set(factors(ProfileSummary("x", "", (), {})).values()) == {"–"}


def test_a_load_names_its_workloads_where_not_all_ran_under_it() -> None:
    made = summaries.tour(("sync",))
    ran = {"wait": ("rate-20", "rate-100"), "blocking": ("rate-20",), "hello": ()}
    narrowed = tuple(dataclasses.replace(w, loads=ran[w.name]) for w in made.workloads)
    said = loads(dataclasses.replace(made, workloads=narrowed))

    assert said[:2] == [
        "open, 20 requests/s, Poisson",
        "open, 100 requests/s, Poisson (wait and hello only)",
    ]


def test_the_time_has_its_three_parts() -> None:
    text = Reader(page.render(summaries.tour())).text

    assert "3.00 s warm-up (discarded), 20.0 s measurement window, 2.00 s drain" in text


def test_what_no_worker_confirmed_is_said_with_its_profiles() -> None:
    made = summaries.tour(("sync", "gthread", "uvloop"))
    assert list(unverified(made)) == []
    assert "Not verified" not in Reader(page.render(made)).text

    for name, facts in {"sync": ["backlog"], "gthread": ["backlog"], "uvloop": ["loop"]}.items():
        made = with_facts(made, name, unverified=facts)

    assert list(unverified(made)) == ["backlog of sync and gthread", "loop of uvloop"]
    assert "backlog of sync and gthread; loop of uvloop: declared" in Reader(page.render(made)).text


def test_servers_that_ran_already_are_not_called_fresh() -> None:
    made = summaries.tour(("sync", "uvloop"))
    assert "each in fresh server processes" in Reader(page.render(made)).text

    warned = dataclasses.replace(made.trials[0], warnings=(Reason("standing", "It ran.", "See."),))
    stood = dataclasses.replace(made, trials=(warned, *made.trials[1:]))
    text = Reader(page.render(stood)).text
    assert "against servers that ran already" in text
    assert "fresh server processes" not in text


def test_processors_are_their_own_only_where_every_server_was_pinned() -> None:
    made = summaries.tour(("sync", "uvloop"))
    one = with_facts(made, "sync", pinned=False)

    assert processors(made) == "server and load generator were pinned to processors of their own"
    assert processors(one).startswith("sync not pinned")
    assert processors(with_facts(one, "uvloop", pinned=False)).startswith("no server was pinned")
    assert processors(dataclasses.replace(made, profiles=())) == ""
