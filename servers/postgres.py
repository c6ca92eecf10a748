"""A PostgreSQL of the testbed's own: private, and gone when it ends.

It listens on 127.0.0.1 only, to one user with a random password. Its data are in a temporary
folder, and nothing of them is meant to last: it writes without fsync, which is faster than a
database that must survive a power cut, and the same for every profile.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers.budget import MAX_CONNECTIONS
from servers.postgres_found import REMEDY, PostgresError, find

START_S = 30.0
STOP_S = 5.0
POLL_S = 0.02
TAIL_LINES = 8
PREFIX = "testbed-postgres-"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": str(MAX_CONNECTIONS + 32),
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    # Whatever it does by itself, it would do during somebody's trial.
    "autovacuum": "off",
    "jit": "off",
}
_USER, _NAME = "testbed", "postgres"
_READY = "database system is ready to accept connections"
_TAKEN = "could not create any TCP/IP sockets"
_TRIES = 5
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Postgres:
    """A database in a folder of its own: made once, started and stopped."""

    def __init__(self, folder: Path) -> None:
        """Make it in an empty folder. Raises PostgresError."""
        self._programs, self._folder, self._owner = find(), folder, _owner()
        self._log = folder / "log"
        self._password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._make()

    @property
    def url(self) -> str:
        """Where it is, with its password; it keeps its port when it is started again."""
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{self._port}/{_NAME}"

    @property
    def pid(self) -> int:
        """The id of its main process."""
        assert self._process is not None
        return self._process.pid

    def start(self, port: int | None = None) -> None:
        """Start it on `port`, or on a free one: then anew where another took that meanwhile.

        It ends with this process, however that ends (Linux). Raises PostgresError.
        """
        for _ in range(1 if port or self._port else _TRIES):
            chosen = port or self._port or _free_port()
            self._launch(chosen)
            if self._is_ready():
                self._port = chosen
                return
            if _TAKEN not in self._log.read_text("utf-8", "replace"):
                break
        raise PostgresError(
            f"the database did not start on port {chosen}, its log ends with:\n{self.tail()}"
        )

    def stop(self) -> None:
        """End it with all its connections, and by force where it does not heed."""
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(STOP_S)

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    def tail(self) -> str:
        """The last lines of its log."""
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-TAIL_LINES:])

    def _make(self) -> None:
        secret = self._folder / "password"
        secret.touch(0o600)
        secret.write_text(self._password)
        if self._owner is not None:
            os.chown(secret, self._owner, -1)
            os.chown(self._folder, self._owner, -1)
        initdb, data = self._programs / "initdb", self._folder / "data"
        command = [str(initdb), "--pgdata", str(data), "--username", _USER, "--no-sync"]
        command += ["--pwfile", str(secret), "--auth", "scram-sha-256"]
        command += ["--encoding", "UTF8", "--locale", "C"]
        try:
            done = subprocess.run(
                command, cwd=self._folder, capture_output=True, timeout=START_S, check=False,
                **_identity(self._owner),
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise PostgresError(f"{initdb} cannot be run: {error}; {REMEDY}") from None
        finally:
            secret.unlink()
        if done.returncode:
            said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
            raise PostgresError(f"{initdb} ended with {done.returncode}, it said:\n{said[-1000:]}")

    def _launch(self, port: int) -> None:
        settings = {**SETTINGS, "port": str(port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", *options],
                cwd=self._folder, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=_with_parent(), **_identity(self._owner),
            )  # fmt: skip

    def _is_ready(self) -> bool:
        """Whether it serves before the deadline; one that does not is ended."""
        deadline = time.monotonic() + START_S
        try:
            while time.monotonic() < deadline and self.poll() is None:
                if _READY in self._log.read_text("utf-8", "replace"):
                    return True
                time.sleep(POLL_S)
        except BaseException:
            self.stop()
            raise
        self.stop()
        return False


@contextmanager
def running(port: int | None = None) -> Iterator[Postgres]:
    """A database while the block runs; `port` is a free one where none is given.

    Nothing of it is left behind. Raises PostgresError.
    """
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        database = Postgres(folder)
        try:
            database.start(port)
            yield database
        finally:
            database.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove the folders of databases whose process was killed before it could."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        with contextlib.suppress(OSError, ValueError):
            mine = left.stat().st_uid in (os.geteuid(), _owner())
            if mine and not _lives(int(pid)):
                shutil.rmtree(left, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _owner() -> int | None:
    """The user that it runs as: PostgreSQL refuses root, so somebody else then; None for us."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise PostgresError("PostgreSQL refuses root, and there is no user postgres or nobody: add one")


def _identity(owner: int | None) -> dict[str, Any]:
    """How subprocess becomes that user, in an environment that tells the programs nothing."""
    how: dict[str, Any] = {
        "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        "stdin": subprocess.DEVNULL,
    }
    if owner is not None:
        how |= {"user": owner, "group": pwd.getpwuid(owner).pw_gid, "extra_groups": []}
    return how


def _with_parent() -> Callable[[], None] | None:
    """Have the kernel end the child should this process be killed (Linux)."""
    if _LIBC is None:
        return None
    call = _LIBC.prctl
    # Rule: between fork and exec there is one call of the system, and nothing that takes a lock.
    return lambda: call(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
