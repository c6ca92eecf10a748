"""Settings from the environment, and what is refused."""

from __future__ import annotations

import pytest

from servers.budget import Budget
from servers.profiles import PROFILES
from servers.settings import Settings, SettingsError


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings(4, 2, "loop")


def test_every_variable_is_read() -> None:
    given = {
        "TESTBED_SERVER_THREADS": "7",
        "TESTBED_SERVER_POOL_PROCESSES": "3",
        "TESTBED_SERVER_PLACEMENT": "pools",
        "TESTBED_SERVER_WORKERS": "8",
        "TESTBED_SERVER_PROFILE": "hybrid",
        "TESTBED_SERVER_INSTRUMENTS": "explain",
        "TESTBED_SERVER_LEDGERS": "/some/where",
        "HOME": "/nowhere",
        "TESTBED_PLAN": "not a setting of a server",
    }
    assert Settings.from_environment(given) == Settings(
        7, 3, "pools", workers=8, profile="hybrid", instruments="explain", ledgers="/some/where"
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TESTBED_SERVER_THREADS", "0", "TESTBED_SERVER_THREADS is 0: give a number from 1 to"),
        ("TESTBED_SERVER_THREADS", "257", "from 1 to 256"),
        ("TESTBED_SERVER_THREADS", "four", "is 'four': give a whole number"),
        ("TESTBED_SERVER_THREADS", "", "is '': give a whole number"),
        ("TESTBED_SERVER_THREADS", "-1", "is '-1': give a whole number"),
        ("TESTBED_SERVER_POOL_PROCESSES", "65", "from 1 to 64"),
        ("TESTBED_SERVER_PLACEMENT", "pool", "is 'pool': use loop or pools"),
        ("TESTBED_SERVER_INSTRUMENTS", "yes", "is 'yes': use off or on or explain"),
        ("TESTBED_SERVER_WORKERS", "0", "TESTBED_SERVER_WORKERS is 0: give a number from 1"),
        ("TESTBED_SERVER_DOWNSTREAM", "127.0.0.1:80", "is '127.0.0.1:80': give http://HOST:PORT"),
        ("TESTBED_SERVER_DOWNSTREAM", "https://x", "is 'https://x': give http://HOST:PORT"),
        ("TESTBED_SERVER_DOWNSTREAM", "http://x/wait", "give http://HOST:PORT"),
        ("TESTBED_SERVER_DOWNSTREAM", "http://x:0", "with a port from 1 to 65535"),
        ("TESTBED_SERVER_DOWNSTREAM", "http://x:65536", "with a port from 1 to 65535"),
        ("TESTBED_SERVER_DOWNSTREAM", "http://x:y", "with a port from 1 to 65535"),
        ("TESTBED_SERVER_THREAD", "4", "TESTBED_SERVER_THREAD is not a setting: use TESTBED"),
    ],
)
def test_a_bad_setting_is_named_with_its_value_and_the_remedy(
    name: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.from_environment({name: value})


@pytest.mark.parametrize("name", PROFILES)
def test_a_profiles_environment_is_a_valid_setting(name: str) -> None:
    profile, budget = PROFILES[name], Budget(slots=9, pool_processes=5)
    found = Settings.from_environment(profile.environment(budget, "off", "/some/where"))
    asynchronous = profile.twin == "starlette"
    assert found == Settings(
        threads=9 if asynchronous or name == "gthread" else 1,
        pool_processes=5 if asynchronous else Settings().pool_processes,
        placement="pools" if name == "hybrid" else "loop",
        workers=9 if name == "sync" else 1,
        profile=name,
        instruments="off",
        ledgers="/some/where",
        database_connections=1 if name == "sync" else 8,
    )
