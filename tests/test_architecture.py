"""The plan of the house, held: who may import whom, and how large a module may be."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.contract import ENDPOINTS

ROOT = Path(__file__).parent.parent
ROOMS = ("servers", "loadtests", "dashboards")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LINES = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in MODULES}
LOCUST_MODULES = ("loadtests.locustfile", "loadtests.users")
# They look into gevent from within a worker that gevent has patched already.
GREENLET_MODULES = tuple(
    f"servers.instruments.{name}" for name in ("greenlets", "pools", "companions", "explain")
)
TOP_LEVEL = {
    "pyproject.toml",
    "servers",
    "loadtests",
    "dashboards",
    "docker-compose.yml",
    "tests",
    "Makefile",
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file; `a.b` for `from a import b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


IMPORTS = {name_of(path): set(imports_of(path)) for path in MODULES}


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_the_contract_imports_the_standard_library_only() -> None:
    contract = (
        *("contract", "endpoint", "budget", "profiles", "metric", "metrics", "rows", "ledger"),
        *(f"jobs.{name}" for name in ("job", "owner", "sqlite_store", "tables")),
    )
    of_these = tuple(
        f"servers.{name}"
        for name in ("endpoint", "budget", "metric", "metrics", "rows", "ledger", "jobs")
    )
    for module in (f"servers.{name}" for name in contract):
        foreign = {
            found
            for found in IMPORTS[module]
            if found.split(".")[0] not in sys.stdlib_module_names and not within(found, *of_these)
        }
        assert foreign == set()


@pytest.mark.parametrize(
    ("twin", "others"),
    [
        ("servers.flask_app", ("starlette", "anyio", "asyncio", "servers.starlette_app")),
        ("servers.starlette_app", ("flask", "werkzeug", "servers.flask_app")),
    ],
)
def test_a_twin_never_imports_the_other(twin: str, others: tuple[str, ...]) -> None:
    assert not [found for found in IMPORTS[twin] if within(found, *others)]


def test_servers_import_neither_of_the_other_rooms() -> None:
    for module, found in IMPORTS.items():
        if within(module, "servers"):
            assert not [one for one in found if within(one, "loadtests", "dashboards")], module


def test_loadtests_take_only_the_contract_from_servers() -> None:
    """Endpoints and profiles, the names of the metrics, the memory and the jobs that all share."""
    allowed = ("contract", "budget", "profiles", "metrics", "ledger")
    shared = (*allowed, "jobs.job", "jobs.sqlite_store")
    for module, found in IMPORTS.items():
        if within(module, "loadtests"):
            taken = {one for one in found if within(one, *ROOMS) and not within(one, "loadtests")}
            beyond = [one for one in taken if not within(one, *(f"servers.{a}" for a in shared))]
            assert beyond == [], module


def test_dashboards_take_only_the_contract_and_summary_types() -> None:
    allowed = (
        "dashboards",
        "servers.contract",
        "servers.metrics",
        "loadtests.analysis.subjects",
        "loadtests.analysis.summary",
        "loadtests.analysis.called",
        "loadtests.analysis.badday.records",
        "loadtests.analysis.instruments",
        "loadtests.analysis.decisions",
        "loadtests.analysis.predicted",
        "loadtests.analysis.wording",
        "loadtests.analysis.summary_json",
    )
    for module, found in IMPORTS.items():
        if within(module, "dashboards"):
            assert not [o for o in found if within(o, *ROOMS) and not within(o, *allowed)], module


def test_only_the_locustfile_and_its_users_import_locust_or_gevent() -> None:
    """Importing either patches the process."""
    found = {m for m, names in IMPORTS.items() if any(within(n, "locust", "gevent") for n in names)}

    assert found
    assert all(within(module, *LOCUST_MODULES, *GREENLET_MODULES) for module in found)


def test_a_greenlet_is_met_only_where_greenlets_are_used() -> None:
    """No module of the servers imports gevent when it is itself imported."""
    for module in GREENLET_MODULES:
        tree = ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text())
        names = {
            name
            for node in tree.body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([node.module] if isinstance(node, ast.ImportFrom) else [])
            + [alias.name for alias in node.names]
        }
        assert not [name for name in names if name and within(name, "gevent", "greenlet")], module


def test_the_engine_and_the_schedule_know_nothing_of_runs_and_analysis() -> None:
    for module, found in IMPORTS.items():
        if within(module, "loadtests.engine"):
            assert not [o for o in found if within(o, "loadtests.run", "loadtests.analysis")], (
                module
            )


def test_only_run_touches_the_world() -> None:
    """Everything right of the samples is a function of files."""
    effects = ("subprocess", "socket", "psutil", "signal", "http.client")
    for module, found in IMPORTS.items():
        if within(module, "loadtests.analysis", "dashboards.report"):
            assert not [one for one in found if within(one, *effects)], module


def test_modules_are_small() -> None:
    ascending = sorted(LINES.values())
    ninth_of_ten = ascending[int(0.9 * len(ascending))]

    assert [name for name, lines in LINES.items() if lines > 250] == []
    assert statistics.median(ascending) <= 90
    assert ninth_of_ten <= 180


def test_a_function_fits_one_screen() -> None:
    long = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 45:
                    long.append(f"{path.name}:{node.name} {lines}")

    assert long == []


def public(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """A module and what is public in it; the twins' handlers are described in the contract."""
    tree = ast.parse(path.read_text())
    yield "module", tree
    twin = path.name in ("flask_app.py", "starlette_app.py")
    handlers = {endpoint.name for endpoint in ENDPOINTS.values()} if twin else set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            hidden = node.name.startswith(("_", "on_") if twin else "_")
            if not hidden and node.name not in handlers:
                yield node.name, node


def test_everything_public_says_what_it_is() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{name}"
        for path in MODULES
        for name, node in public(path)
        if not ast.get_docstring(node)  # type: ignore[arg-type]
    ]

    assert silent == []


def test_the_top_level_is_as_it_was_drawn() -> None:
    conventional = {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}
    locks = {"requirements.lock", "requirements-dev.lock"}
    made = {"results"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert found - made <= TOP_LEVEL | conventional | locks
