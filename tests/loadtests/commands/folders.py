"""Run folders as an analysis leaves them, from summaries made in code."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from loadtests.analysis.summary import Summary
from loadtests.analysis.summary_json import to_json
from tests.loadtests.analysis.saved import TEXT


def save(path: Path, summary: Summary) -> Path:
    """A run folder with its experiment, its environment, its trials' folders and its summary."""
    (path / "trials").mkdir(parents=True)
    for trial in summary.trials:
        (path / "trials" / f"{trial.number}-{trial.profile}").mkdir()
    (path / "experiment.toml").write_text(TEXT)
    record = {"run_id": summary.run_id, **summary.environment}
    (path / "environment.json").write_text(json.dumps(record))
    (path / "summary.json").write_text(to_json(summary))
    return path


def parser() -> tuple[argparse.ArgumentParser, argparse._SubParsersAction[argparse.ArgumentParser]]:
    """A door without commands yet."""
    made = argparse.ArgumentParser(prog="python -m loadtests")
    return made, made.add_subparsers(required=True)
