"""Prometheus and its tool, where they are installed."""

from __future__ import annotations

import shutil

import pytest


def program(name: str) -> str:
    """Where a program is; without it the test is skipped, and says how to get it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on PATH: install the package prometheus, or put it there")
    return found
