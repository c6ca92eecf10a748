"""The twins are comparable line by line, and neither knows the other's framework."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import servers
from servers.contract import ENDPOINTS

ROOM = Path(servers.__file__).parent
FOREIGN = {
    "flask_app": ["starlette", "anyio", "uvicorn", "servers.starlette_app"],
    "starlette_app": ["flask", "werkzeug", "gunicorn", "servers.flask_app"],
    "contract": ["flask", "starlette", "anyio", "werkzeug"],
    "profiles": ["flask", "starlette", "gunicorn", "uvicorn", "servers.work", "servers.settings"],
}


def _functions(module: str) -> list[str]:
    tree = ast.parse((ROOM / f"{module}.py").read_text())
    return [
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_both_twins_define_the_same_functions_in_the_same_order() -> None:
    assert _functions("flask_app") == _functions("starlette_app")


def test_every_endpoint_is_a_function_of_both_twins_in_the_contracts_order() -> None:
    names = [endpoint.name for endpoint in ENDPOINTS.values()]
    assert [name for name in _functions("flask_app") if name in names] == names


@pytest.mark.parametrize("module", FOREIGN)
def test_a_module_loads_nothing_foreign(module: str) -> None:
    code = f"import sys, servers.{module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOM.parent
    ).stdout.split()
    assert f"servers.{module}" in loaded
    assert [name for name in FOREIGN[module] if name in loaded] == []
