"""Builds the pages' chart libraries again: npm and esbuild in a temporary folder.

VENDOR.toml says which versions; only its sha256 is written back.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HOMES = tuple(Path(__file__).parent / page / "static" / "vendor" for page in ("report", "live"))
RECORD = "VENDOR.toml"


class VendorError(Exception):
    """A build that could not be made: says what failed and what to do about it."""


def build(home: Path) -> str:
    """Build into `home` what its VENDOR.toml describes; returns one line about the result.

    Raises VendorError where npm is missing or one of the two programs fails.
    """
    record = tomllib.loads((home / RECORD).read_text(encoding="utf-8"))
    npm = shutil.which("npm")
    if npm is None:
        raise VendorError("npm not found: install Node.js (Debian: apt install npm), then again")
    with tempfile.TemporaryDirectory(prefix="vendor-") as folder:
        where = Path(folder)
        _install(npm, record, where)
        _bundle(record, home, where)
        for target, source in record["licences"].items():
            shutil.copyfile(where / "node_modules" / source, home / target)
        shutil.copyfile(where / record["file"], home / record["file"])
    return _record(record, home)


def _install(npm: str, record: dict[str, Any], where: Path) -> None:
    packages = [f"{record['name']}@{record['version']}", f"esbuild@{record['esbuild']}"]
    (where / "package.json").write_text('{"private": true}', encoding="utf-8")
    # Without install scripts: what is fetched is bundled, and never run but for esbuild itself.
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([npm, "install", *flags, *packages], where)


def _bundle(record: dict[str, Any], home: Path, where: Path) -> None:
    shutil.copyfile(home / record["entry"], where / record["entry"])
    program = where / "node_modules" / ".bin" / "esbuild"
    banner = f"/*! {record['notice']} */"
    flags = [*record["flags"], f"--banner:js={banner}", f"--outfile={record['file']}"]
    _run([str(program), record["entry"], *flags], where)


def _run(command: list[str], where: Path) -> None:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        name = Path(command[0]).name
        raise VendorError(f"{name} ended with {done.returncode}: {last}; check the network, again")


def _record(record: dict[str, Any], home: Path) -> str:
    data = (home / record["file"]).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    path = home / RECORD
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'(?m)^sha256 = ".*"$', f'sha256 = "{digest}"', text), encoding="utf-8")
    same = "unchanged" if digest == record["sha256"] else "changed"
    return f"{record['file']}: {record['name']} {record['version']}, {len(data)} bytes, {same}"
