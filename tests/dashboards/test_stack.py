"""The Docker stack as far as it can be tested without Docker: `make test-stack` does the rest."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from dashboards.stack.healthy import healthy
from servers.postgres import SETTINGS
from servers.profiles import PROFILES
from servers.settings import Settings

ROOT = Path(__file__).parent.parent.parent
STACK = ROOT / "dashboards/stack"
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
DOCKERFILE = (STACK / "Dockerfile").read_text("utf-8")
WORKS = "exit 0"


def call(tmp_path: Path, command: str, docker: str | None, makefile: str = "") -> tuple[int, str]:
    """compose.sh in a checkout of its own, with a pretended Docker that notes how it is called."""
    home = tmp_path / "home"
    (home / "dashboards/stack").mkdir(parents=True)
    (home / "Makefile").write_text(makefile)
    shutil.copy(STACK / "compose.sh", home / "dashboards/stack")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname", "grep", "cat", "sort"):
        (programs / name).symlink_to(str(shutil.which(name)))
    if docker is not None:
        (programs / "docker").write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n{docker}\n')
        (programs / "docker").chmod(0o755)
    done = subprocess.run(
        ["sh", home / "dashboards/stack/compose.sh", command], env={"PATH": str(programs)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("docker", "missing"),
    [
        (None, "Docker is not installed"),
        ("[ $1 != compose ]", "Docker lacks the Compose plugin"),
        ("[ $1 != info ]", "the Docker engine does not answer, docker info says why"),
    ],
)
@pytest.mark.parametrize("command", ["up", "down"])
def test_what_is_missing_is_said_in_one_sentence(
    tmp_path: Path, command: str, docker: str | None, missing: str
) -> None:
    code, said = call(tmp_path, command, docker)

    assert code == 1
    assert said == f"error: {missing}; make demo runs without Docker\n"


def test_the_live_page_is_named_where_there_is_one(tmp_path: Path) -> None:
    _, said = call(tmp_path, "up", None, makefile="live: venv ## both twins\n")

    assert said == "error: Docker is not installed; make live or make demo runs without Docker\n"


def test_up_builds_waits_and_says_where_to_look(tmp_path: Path) -> None:
    code, said = call(tmp_path, "up", WORKS)

    assert code == 0
    assert "compose up --build --detach --wait" in (tmp_path / "calls").read_text()
    assert re.findall(r"http://127\.0\.0\.1:(\d+)", said) == ["8089", "3000", "9090"]


def test_a_stack_that_does_not_start_is_explained(tmp_path: Path) -> None:
    docker = 'case "$*" in *up*) exit 1;; *exited*) echo wsgi;; *logs*) echo "the reason";; esac'
    code, said = call(tmp_path, "up", docker)

    assert code == 1
    assert said.startswith("the reason\nerror: the stack did not start, the lines above say why")
    assert "compose logs --no-color --tail 12 wsgi" in (tmp_path / "calls").read_text()


def test_down_removes_volumes_and_every_image_that_was_built(tmp_path: Path) -> None:
    docker = 'case "$*" in "image ls"*) printf "%s\\n" b a b;; esac'
    code, said = call(tmp_path, "down", docker)

    calls = (tmp_path / "calls").read_text().splitlines()
    assert (code, said) == (0, "")
    assert "compose --profile * down --volumes --remove-orphans --timeout 5" in calls
    assert calls[-2:] == ["image rm --force a", "image rm --force b"]


def test_the_image_of_the_file_has_the_label_that_down_looks_for() -> None:
    label = re.findall(r"^label=(.+)$", (STACK / "compose.sh").read_text(), re.MULTILINE)

    assert f"LABEL {label[0]}\n" in (STACK / "Dockerfile").read_text()


def test_the_profiles_of_the_stack_exist() -> None:
    named = re.findall(r"python -m servers (?:\$\{\w+:-)?([\w-]+)", COMPOSE)

    assert named == ["sync", "uvloop", "hybrid"]
    assert set(named) <= set(PROFILES)


def test_the_twins_call_the_downstream_service_of_the_stack() -> None:
    (named,) = re.findall(
        r"^\s*TESTBED_SERVER_DOWNSTREAM: http://(\w+):(\d+)$", COMPOSE, re.MULTILINE
    )
    service = COMPOSE.partition(f"\n  {named[0]}:\n")[2].partition("\n\n")[0]

    assert f"python -m servers.downstream --host 0.0.0.0 --port {named[1]} " in service
    assert f":-{named[1]}}}:{named[1]}" in service
    assert f'"{named[1]}", /healthz]' in service
    assert (
        Settings.from_environment(
            {"TESTBED_SERVER_DOWNSTREAM": f"http://{named[0]}:{named[1]}"}
        ).downstream
        == "http://downstream:8010"
    )


def test_the_database_of_the_stack_writes_as_the_embedded_one_does() -> None:
    told = dict(re.findall(r"-c (\w+)=(\w+)", COMPOSE))
    its_own = ("listen_addresses", "unix_socket_directories", "max_connections")

    assert told == {name: value for name, value in SETTINGS.items() if name not in its_own}


def test_every_twin_of_the_stack_has_the_database() -> None:
    (twin,) = re.findall(r"^x-twin:.*?(?=\n\n)", COMPOSE, re.MULTILINE | re.DOTALL)

    assert "DATABASE_URL: postgresql://testbed:testbed@database:5432/testbed\n" in twin
    assert "database: {condition: service_healthy}" in twin
    assert len(re.findall(r"^    <<: \*twin$", COMPOSE, re.MULTILINE)) == 3


def test_every_image_is_pinned_and_the_file_has_no_version() -> None:
    images = re.findall(r"^\s*(?:image: |FROM )(\S+)", COMPOSE + DOCKERFILE, re.MULTILINE)

    assert len(images) >= 5
    assert all(re.search(r":(local$|v?\d+\.\d+)", image) for image in images)
    assert not re.search(r"^version:", COMPOSE, re.MULTILINE)


def test_every_folder_that_is_mounted_is_there() -> None:
    mounted = re.findall(r'[\s"](\./[\w./-]+):/', COMPOSE)

    assert len(mounted) == 5
    assert all((ROOT / path).is_dir() for path in mounted if path != "./results")


def test_the_image_gets_nothing_but_what_it_is_made_from() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = set(re.findall(r"^COPY (\w\S*)", DOCKERFILE, re.MULTILINE))

    assert "*" in lines
    assert let_in == copied == {"requirements.lock", "servers", "loadtests", "dashboards"}


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n 200 ", False),
        (b"", False),
    ],
)
def test_a_service_is_healthy_that_answers_200(answer: bytes, well: bool) -> None:
    asked = []

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            asked.append(connection.recv(1024))
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening])
        thread.start()
        assert healthy(listening.getsockname()[1], "/healthz") is well
        thread.join()
    assert asked[0].startswith(b"GET /healthz HTTP/1.0\r\n")


def test_a_service_that_does_not_listen_is_not_healthy() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))

        assert not healthy(unused.getsockname()[1], "/")


def test_unpacking_needs_debian(tmp_path: Path) -> None:
    script = (STACK / "unpack.sh").read_text().replace("/usr/share/keyrings", str(tmp_path))
    (tmp_path / "unpack.sh").write_text(script)
    done = subprocess.run(
        ["sh", tmp_path / "unpack.sh", tmp_path / "into", "prometheus"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr == "error: this is not Debian\n"
    assert not (tmp_path / "into").exists()


def test_what_was_unpacked_is_not_unpacked_again(tmp_path: Path) -> None:
    for name in ("unpack.sh", "mirror.sh"):
        script = (STACK / name).read_text().replace("/usr/share/keyrings", str(tmp_path))
        (tmp_path / name).write_text(script)
    (tmp_path / "debian-archive-keyring.gpg").touch()
    (tmp_path / "apt-get").write_text(f"#!/bin/sh\necho $* >> {tmp_path}/calls; exit 3\n")
    (tmp_path / "apt-get").chmod(0o755)
    (tmp_path / "into").mkdir()
    (tmp_path / "into/unpacked").write_text("prometheus promtool\n")

    def unpack(*packages: str) -> int:
        return subprocess.run(
            ["sh", tmp_path / "unpack.sh", tmp_path / "into", *packages],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, check=False,
        ).returncode  # fmt: skip

    assert unpack("prometheus", "promtool") == 0
    assert unpack("docker-compose") == 3
    assert "download" not in (tmp_path / "calls").read_text()
