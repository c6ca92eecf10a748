"""The Docker engine of the test: the one that runs, or one that exists for this test only.

Rule: one of our own has its own network, processes and mounts. It reaches nothing outside, and
however it ends, nothing of it is left.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"
START_S = 60.0
# What /run and /etc/docker hold of another engine is not for this one.
_START = """
folder=$1
ip link set lo up
mount -t tmpfs none /run
mkdir "$folder/etc"
mount -t tmpfs none "$folder/etc"
mkdir "$folder/etc/upper" "$folder/etc/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$folder/etc/upper,workdir=$folder/etc/work" none /etc
exec dockerd --host "unix://$folder/socket" --data-root "$folder/data" \
  --exec-root "$folder/exec" --pidfile "$folder/pid" \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${folder##*/}"
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """How to speak to an engine, and from where its published ports can be reached."""

    environment: Mapping[str, str]
    within: Sequence[str] = ()
    """The words in front of a command that bring it into the engine's network."""
    own: bool = False

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Run the client; returns what it prints."""
        done = self.run(["docker", *arguments])
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def run(self, command: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the repository that speaks to this engine."""
        # What an outer make passes on is not for an inner one.
        clean = {k: v for k, v in self.environment.items() if not k.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(
            command, cwd=ROOT, env=clean | variables, capture_output=True, text=True, check=False,
            timeout=400,
        )  # fmt: skip


@contextlib.contextmanager
def engine() -> Iterator[Engine]:
    """The engine that answers, else one of our own; without either the test is skipped."""
    found = Engine(dict(os.environ))
    if shutil.which("docker") and not found.run(["docker", "compose", "ps"]).returncode:
        assert not found.docker("compose", "ps", "--quiet"), "the stack is up: make down first"
        yield found
        return
    needed = ("docker", "dockerd", "debootstrap", "ip", "unshare", "nsenter", "setpriv")
    missing = [name for name in needed if not shutil.which(name)]
    if missing or os.geteuid():
        reason = f"missing here: {', '.join(missing)}" if missing else "this user is not root"
        pytest.skip(f"needs a running Docker with Compose, or what starts one as root ({reason})")
    with tempfile.TemporaryDirectory(prefix="testbed-stack-") as name, _own(Path(name)) as own:
        yield own


@contextlib.contextmanager
def _own(folder: Path) -> Iterator[Engine]:
    environment = _client(folder)
    with (folder / "log").open("wb") as log:
        # With the test ends the unsharing process, and with that all that it has started.
        shared = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid"]
        process = subprocess.Popen(
            [*shared, "--fork", "--kill-child", "--mount-proc", "sh", "-euc", _START, "sh", folder],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        first = _answering(Engine(environment), process, folder / "log")
        within = ["nsenter", "--target", first, "--net"]
        yield Engine(environment, within, own=True)
        os.kill(int(first), 15)
        process.wait(START_S)
    finally:
        process.kill()
        process.wait()
        _remove_cgroups(folder.name)


def _client(folder: Path) -> dict[str, str]:
    compose = ROOT / ".cache/compose"
    unpack = ROOT / "dashboards/stack/unpack.sh"
    subprocess.run(["sh", unpack, compose, "docker-compose"], check=True, capture_output=True)
    plugins = folder / "client/cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(compose / PLUGIN)
    mine = {"DOCKER_HOST": f"unix://{folder}/socket", "DOCKER_CONFIG": str(folder / "client")}
    return {**os.environ, **mine}


def _answering(engine: Engine, process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait for the engine; returns the id of its process."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + START_S
    while engine.run(["docker", "info"]).returncode:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        time.sleep(0.2)
    return children.read_text().split()[0]


def _remove_cgroups(name: str) -> None:
    for parent in [*Path("/sys/fs/cgroup").glob(f"*/{name}"), Path("/sys/fs/cgroup", name)]:
        for folder in sorted([*parent.rglob("*/"), parent], reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
