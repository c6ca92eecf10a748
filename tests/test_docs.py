"""What the README says exists, exists; and what exists is in the README."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from loadtests.clients import Client
from loadtests.engine.misbehaviour import BEHAVIOURS
from loadtests.experiment import EXPERIMENTS, parse
from servers.contract import ENDPOINTS, Endpoint
from servers.profiles import PROFILES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TABLES = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
TARGETS = set(re.findall(r"^([a-z][a-z-]*):.*## ", MAKEFILE, re.MULTILINE))


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Make as a user runs it, without what an outer make passes on."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=clean | {"LC_ALL": "C"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def tracked(folder: Path) -> list[str] | None:
    """The files that git keeps; None where there is no git, or no checkout."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z"], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return None if done.returncode else [name for name in done.stdout.split("\0") if name]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_its_row(profile: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{profile}` |"))

    assert PROFILES[profile].server in row
    assert PROFILES[profile].twin in row.lower()


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
def test_every_endpoint_has_its_row(endpoint: Endpoint) -> None:
    names = "&".join(f"{parameter.name}=" for parameter in endpoint.parameters)
    shown = f"`{endpoint.method} {endpoint.path}{'?' if names else ''}{names}`"

    assert f"| {shown} |" in README


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_experiment_is_named(file: Path) -> None:
    assert file.stem in README


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_make_target_that_is_named_exists(text: str) -> None:
    assert set(re.findall(r"make ([a-z][a-z-]+)", text)) - {"it"} <= TARGETS


def test_help_lists_every_target() -> None:
    shown = make("help").stdout

    assert set(re.findall(r"^  make ([a-z-]+)", shown, re.MULTILINE)) == TARGETS
    assert {"demo", "test", "check", "run", "resume", "report", "serve", "bench"} <= TARGETS


@pytest.mark.parametrize("target", ["demo", "test", "run", "resume", "report", "serve", "bench"])
def test_the_readme_names_what_users_run(target: str) -> None:
    assert re.search(rf"\bmake {target}\b", README)


def test_the_readme_runs_python_from_the_environment_only() -> None:
    assert re.findall(r"(?<!\.venv/bin/)python3? -m", README) == []


@pytest.mark.parametrize("text", [README, CHANGELOG], ids=["README", "CHANGELOG"])
@pytest.mark.parametrize("name", ["OpenUser", "ClosedUser", "BystanderUser"])
def test_every_user_that_locust_offers_is_named(text: str, name: str) -> None:
    assert name in text
    assert f"class {name}(" in (ROOT / "loadtests/users/load.py").read_text("utf-8")


def test_every_option_of_locust_that_is_named_exists() -> None:
    own = (ROOT / "loadtests/users/options.py").read_text("utf-8")
    named = {"--path", "--rate", "--arrivals", "--think-time", "--allow-host"}

    assert named == {option for option in named if f'"{option}"' in own and f"`{option}`" in README}


@pytest.mark.parametrize(
    ("targets", "commands"),
    [
        (
            ["resume", "RUN=results/tour/x"],
            ["loadtests run --resume results/tour/x", "dashboards report results/tour/x"],
        ),
        (["serve", "PROFILE=sync"], ["servers sync"]),
        (["serve"], ["servers uvloop"]),
    ],
)
def test_a_target_runs_its_commands(targets: list[str], commands: list[str]) -> None:
    shown = make("-n", *targets).stdout.splitlines()

    assert shown[-len(commands) :] == [f".venv/bin/python -m {command}" for command in commands]


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (None, "cannot be run"),
        ("exit 3", "cannot be run"),
        ('[ "$1" = -V ] && echo Python 3.8.1 && echo more && exit; exit 1', "is Python 3.8.1"),
        ('[ "$1" = -V ] && echo Python 2.7.18 >&2 && exit; echo Traceback >&2; exit 1',
         "is Python 2.7.18"),
    ],
)  # fmt: skip
def test_an_interpreter_that_does_not_do_is_named_in_a_clean_sentence(
    tmp_path: Path, script: str | None, found: str
) -> None:
    python = tmp_path / "python"
    if script is not None:
        python.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        python.chmod(0o755)
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)

    done = make("demo", f"PYTHON={python}", folder=tmp_path)

    first, last = done.stderr.splitlines()
    assert first.startswith(f"error: {python} {found}, this needs Python 3.11 or later: install")
    assert last.startswith("make: ***")
    assert done.stdout == ""


def test_every_link_into_the_repository_leads_somewhere() -> None:
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert target.startswith("https://") or (ROOT / target).exists(), target


def test_without_git_or_a_checkout_no_file_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert tracked(tmp_path) is None

    monkeypatch.setenv("PATH", str(tmp_path))
    assert tracked(ROOT) is None


def test_no_tracked_file_names_this_machine() -> None:
    names = tracked(ROOT)
    if names is None:
        pytest.skip("no git checkout here: which files are kept is not known")
    home = str(Path.home())
    for name in names:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".json", ".html", ".yml", ".lock"}:
            text = path.read_text("utf-8", errors="replace")
            assert str(ROOT) not in text, name
            assert home == "/" or f"{home}/" not in text, name


def test_the_tables_that_the_readme_shows_are_read() -> None:
    (found,) = (table for table in TABLES if "[capacity]" in table)
    head = 'name = "shown"\nquestion = "Is it read?"\nseed = 1\nmeasure_s = 5.0\n'
    head += 'profiles = ["sync", "uvloop"]\n'
    tail = '[[workloads]]\nname = "hello"\nrequests = [{ path = "/hello" }]\n'
    for rate in (5, 20, 400, 2500):
        tail += f'[[loads]]\nmode = "open"\nname = "{rate}/s"\nrate = {rate}.0\n'

    experiment = parse(head + found + tail)

    assert experiment.capacity is not None
    assert experiment.price is not None
    assert experiment.stop is not None
    assert (experiment.capacity.p99_ms, experiment.price.currency) == (250.0, "EUR")
    assert (experiment.stop.most, experiment.twice) == (20, ("sync",))


def test_the_service_and_the_bad_day_that_the_readme_shows_are_read() -> None:
    (service,) = (table for table in TABLES if "[[workloads]]" in table)
    (burst,) = (table for table in TABLES if "burst = {" in table)
    head = 'name = "shown"\nquestion = "Is it read?"\nseed = 1\nmeasure_s = 10.0\n'
    shop = parse(head + 'profiles = ["sync"]\n' + service + burst)

    assert len(service.strip().splitlines()) <= 10
    assert [len(request.variants) for request in shop.workloads[0].requests] == [1, 62, 3, 58]
    assert shop.loads[0].text.endswith("12 requests/s (10 times as many from 4 to 6 s)")


def test_every_client_is_shown_as_it_may_be_written() -> None:
    shown = re.findall(r"^\| `(kind = .*?)` \|", README, re.MULTILINE)
    clients = [
        TypeAdapter(Client).validate_python(tomllib.loads(f"client = {{ {text} }}")["client"])
        for text in shown
    ]

    assert [type(client) for client in clients] == list(BEHAVIOURS)
