"""Asks a server once, from within the network where this runs: `ask.py PORT PATH [FORM]`."""

from __future__ import annotations

import http.client
import sys


def main(port: str, path: str, form: str | None = None) -> None:
    """Print the body of the answer; a form, URL-encoded, is posted."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("GET" if form is None else "POST", path, form, headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status} {body}")
    print(body)


if __name__ == "__main__":
    main(*sys.argv[1:])
