"""Base images for an engine that reaches no registry: like the official ones, made from Debian.

They are tagged like those and live in the test's own engine only.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.markers import Marker

from dashboards.metrics import find
from tests.stack.engine import ROOT, Engine

DOCKERFILE = ROOT / "dashboards/stack/Dockerfile"
_PROMETHEUS = """
FROM {base}
COPY prometheus promtool /bin/
RUN mkdir /prometheus /etc/prometheus && chown 65534:65534 /prometheus
ENTRYPOINT ["/bin/prometheus"]
"""
_POSTGRES = """
FROM {base}
COPY entrypoint /usr/local/bin/
RUN groupmod --non-unique --gid 999 postgres && usermod --non-unique --uid 999 postgres \\
 && ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/
ENV PGDATA=/var/lib/postgresql/data/docker
ENTRYPOINT ["entrypoint"]
"""
# What the official one does with these variables where its folder is empty.
_ENTRYPOINT = """#!/bin/sh
set -eu
echo "$POSTGRES_PASSWORD" >/tmp/password
initdb --pgdata "$PGDATA" --username "$POSTGRES_USER" --pwfile /tmp/password \\
  --auth-local trust --auth-host scram-sha-256 >/dev/null
echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -D "$PGDATA" postgres >/dev/null
exec "$@" -c 'listen_addresses=*'
"""


def make(engine: Engine, prometheus: str, postgres: str) -> None:
    """Make what the stack is built on: Python with the locked packages, Prometheus, PostgreSQL."""
    python = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)[-1]
    with tempfile.TemporaryDirectory(prefix="testbed-images-") as name:
        folder = Path(name)
        root = _debian(folder / "root", suite=python.rpartition("-")[2])
        _hand_packages_to_pip(root)
        subprocess.run(["tar", "-C", root, "-cf", folder / "root.tar", "."], check=True)
        engine.docker("import", str(folder / "root.tar"), python)
        _prometheus(engine, folder / "prometheus", python, prometheus)
        _postgres(engine, folder / "postgres", python, postgres)


def _debian(root: Path, suite: str) -> Path:
    mirror = subprocess.check_output(["sh", DOCKERFILE.parent / "mirror.sh"], text=True).strip()
    # It mounts things: in a mount namespace of its own none of them outlives it.
    subprocess.run(
        ["unshare", "--mount", "debootstrap", "--variant=minbase",
         "--include=python3-venv,postgresql", suite, root, mirror],
        check=True, capture_output=True,
    )  # fmt: skip
    shutil.rmtree(root / "var/cache/apt")
    shutil.rmtree(root / "var/lib/apt/lists")
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    return root


def _hand_packages_to_pip(root: Path) -> None:
    """Fetch the lock's packages with this machine's pip, for the interpreter of the image."""
    version = subprocess.check_output(
        ["chroot", root, "python", "-c", "import platform; print(platform.python_version())"],
        text=True,
    ).strip()
    wanted = root / "wanted.txt"
    wanted.write_text(_asked((ROOT / "requirements.lock").read_text(), version))
    machine = platform.machine()
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in range(41, 4, -1)]
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
         "--only-binary=:all:", "--implementation=cp", f"--python-version={version}", *platforms,
         f"--dest={root / 'wheels'}", f"--requirement={wanted}"],
        check=True, capture_output=True,
    )  # fmt: skip
    (root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")


def _asked(lock: str, version: str) -> str:
    """The lock's entries that hold for a version of Python on this platform, unconditionally.

    Otherwise pip judges the conditions by the interpreter that it runs on itself.
    """
    environment = {"python_full_version": version, "python_version": version.rpartition(".")[0]}
    asked = []
    for entry in re.split(r"\n(?=\w)", lock):
        first, rest = entry.split("\n", 1)
        name, _, condition = first.removesuffix(" \\").partition(" ; ")
        if not condition or Marker(condition).evaluate(environment):
            asked.append(f"{name} \\\n{rest}")
    return "\n".join(asked)


def _prometheus(engine: Engine, folder: Path, base: str, tag: str) -> None:
    folder.mkdir()
    programs = Path(find(os.environ.get("PATH", ""))).parent
    for name in ("prometheus", "promtool"):
        shutil.copy(programs / name, folder)
    (folder / "Dockerfile").write_text(_PROMETHEUS.format(base=base))
    engine.docker("build", "--quiet", "--tag", tag, str(folder))


def _postgres(engine: Engine, folder: Path, base: str, tag: str) -> None:
    folder.mkdir()
    (folder / "entrypoint").write_text(_ENTRYPOINT)
    (folder / "entrypoint").chmod(0o755)
    (folder / "Dockerfile").write_text(_POSTGRES.format(base=base))
    engine.docker("build", "--quiet", "--tag", tag, str(folder))


def image_of(engine: Engine, service: str) -> str:
    """The image that a service of the stack is made from."""
    found = json.loads(engine.docker("compose", "config", "--format", "json"))
    image: str = found["services"][service]["image"]
    return image
