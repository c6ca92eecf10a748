"""One fixture, two twins: every test in this folder runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from servers.settings import Settings
from tests.contract.clients import Client, FlaskClient, StarletteClient
from tests.servers.downstream import downstream, root


@pytest.fixture(scope="session")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root of a downstream service that answers what it is asked."""
    with downstream(tmp_path_factory.mktemp("downstream")) as live:
        yield root(live)


@pytest.fixture(params=[FlaskClient, StarletteClient], ids=["flask", "starlette"])
def client(request: pytest.FixtureRequest, called: str, tmp_path: Path) -> Client:
    """A twin in this process, asked without a socket."""
    settings = Settings(threads=2, pool_processes=1, job_slots=1)
    settings = replace(settings, downstream=called, jobs=str(tmp_path / "jobs"))
    twin: Client = request.param(settings)
    return twin


@pytest.fixture(params=[FlaskClient, StarletteClient], ids=["flask", "starlette"])
def asking(request: pytest.FixtureRequest, database: str) -> Iterator[Client]:
    """The same with a database."""
    told = Settings(threads=2, pool_processes=1, database=database, database_connections=2)
    with closing(request.param(told)) as twin:
        yield twin
