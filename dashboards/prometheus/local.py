"""Prometheus without Docker: the same configuration, for an exporter at another address."""

from __future__ import annotations

import shutil
from pathlib import Path

HOME = Path(__file__).parent
CONFIGURATION = "prometheus.yml"
RULES = "rules.yml"
TARGETS = "targets.yml"
EXPORTER = "127.0.0.1:9100"


def configure(folder: Path, exporter: str = EXPORTER) -> Path:
    """Lay the configuration into a folder; returns the file to start Prometheus with."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (CONFIGURATION, RULES):
        shutil.copyfile(HOME / name, folder / name)
    (folder / TARGETS).write_text(f"- targets:\n    - {exporter}\n", encoding="utf-8")
    return folder / CONFIGURATION
