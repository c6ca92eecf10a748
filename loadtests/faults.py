"""The system's errors as sentences for people, with the remedy."""

from __future__ import annotations

import errno


def sentence(error: OSError) -> str:
    """One line that says what is wrong and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: make room"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "too many open files: raise the limit (ulimit -n 4096)"
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what
