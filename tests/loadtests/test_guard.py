"""Where load may go."""

from __future__ import annotations

import socket

import pytest

from loadtests import guard
from loadtests.guard import RefusedError


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        ("http://127.0.0.1:8001", "127.0.0.1", 8001),
        ("127.0.0.9:80", "127.0.0.9", 80),
        ("http://[::1]:8002/", "::1", 8002),
    ],
)
def test_load_may_go_to_this_machine(url: str, address: str, port: int) -> None:
    target = guard.check(url)

    assert (target.address, target.port) == (address, port)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A world in which names have the addresses that a test gives them."""
    known: dict[str, str] = {}

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[host], port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_any_other_host_is_refused_with_what_its_owner_can_say(names: dict[str, str]) -> None:
    names["shop.example"] = "192.0.2.7"

    with pytest.raises(RefusedError, match=r"say so: --allow-host shop\.example"):
        guard.check("http://shop.example:8000")
    with pytest.raises(RefusedError):
        guard.check("http://shop.example:8000", ["another.example"])
    assert guard.check("http://shop.example:8000", ["shop.example"]).address == "192.0.2.7"


def test_a_name_that_only_sounds_local_is_judged_by_its_address(names: dict[str, str]) -> None:
    names["localhost"] = "192.0.2.8"

    with pytest.raises(RefusedError, match="is not this machine"):
        guard.check("http://localhost:8000")


def test_the_stacks_own_services_are_allowed_by_name(
    names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names["wsgi"] = "172.18.0.4"
    monkeypatch.setenv(guard.STACK_VARIABLE, "wsgi,asgi")

    assert guard.check("http://wsgi:8001").address == "172.18.0.4"


@pytest.mark.parametrize("url", ["https://127.0.0.1", "", "http://nowhere.example", "http://:80"])
def test_what_is_no_target_is_refused(url: str, names: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        guard.check(url)
