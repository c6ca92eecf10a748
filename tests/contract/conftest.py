"""One fixture, two twins: every test in this folder runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from servers.settings import Settings
from tests.contract.clients import Client, FlaskClient, StarletteClient


@pytest.fixture(params=[FlaskClient, StarletteClient], ids=["flask", "starlette"])
def client(request: pytest.FixtureRequest) -> Client:
    """A twin in this process, asked without a socket."""
    twin: Client = request.param(Settings(threads=2, pool_processes=1))
    return twin


@pytest.fixture(params=[FlaskClient, StarletteClient], ids=["flask", "starlette"])
def asking(request: pytest.FixtureRequest, database: str) -> Iterator[Client]:
    """The same with a database."""
    told = Settings(threads=2, pool_processes=1, database=database, database_connections=2)
    with closing(request.param(told)) as twin:
        yield twin
