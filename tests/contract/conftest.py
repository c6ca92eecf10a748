"""One fixture, two twins: every test in this folder runs on both."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers.settings import Settings
from tests.contract.clients import Client, FlaskClient, StarletteClient


@pytest.fixture(params=[FlaskClient, StarletteClient], ids=["flask", "starlette"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    """A twin in this process, asked without a socket."""
    twin: Client = request.param(
        Settings(threads=2, pool_processes=1, jobs=str(tmp_path / "jobs"), job_slots=1)
    )
    return twin
