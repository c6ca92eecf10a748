"""The vendored chart libraries are what their records say, and may be passed on."""

import hashlib
import shutil
import tomllib
from pathlib import Path

import pytest

from dashboards import vendor

REPORT, LIVE = vendor.HOMES
RECORDS = {home: tomllib.loads((home / vendor.RECORD).read_text("utf-8")) for home in vendor.HOMES}
RECORD = RECORDS[REPORT]
of_each = pytest.mark.parametrize("home", RECORDS, ids=lambda home: RECORDS[home]["name"])


@of_each
def test_the_file_has_the_recorded_digest(home: Path) -> None:
    record = RECORDS[home]
    data = (home / record["file"]).read_bytes()

    assert hashlib.sha256(data).hexdigest() == record["sha256"]
    assert b"</script" not in data.lower()
    assert data.startswith(f"/*! {record['notice']} */".encode())


def test_every_licence_is_beside_it() -> None:
    texts = {name: (REPORT / name).read_text(encoding="utf-8") for name in RECORD["licences"]}

    assert "Permission is hereby granted" in (LIVE / "LICENSE").read_text("utf-8")
    assert "Apache License" in texts["LICENSE"]
    assert "Apache Software Foundation" in texts["NOTICE"]
    assert all("Redistribution" in texts[f"LICENSE-{name}"] for name in ("d3", "zrender"))


@of_each
def test_the_record_names_no_host_and_no_path_of_a_machine(home: Path) -> None:
    text = (home / vendor.RECORD).read_text(encoding="utf-8")

    assert "://" not in text
    assert "/home/" not in text


def test_without_npm_the_build_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPORT, tmp_path / "vendor")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(vendor.VendorError, match="npm not found: install"):
        vendor.build(tmp_path / "vendor")


def test_a_failed_install_is_one_line_and_leaves_the_build_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPORT, tmp_path / "vendor")
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho first >&2\necho no such version >&2\nexit 3\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    with pytest.raises(vendor.VendorError, match=r"^npm ended with 3: no such version; check"):
        vendor.build(tmp_path / "vendor")
    kept = (tmp_path / "vendor" / RECORD["file"]).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == RECORD["sha256"]
