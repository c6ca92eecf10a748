"""Every profile has a look of its own, told apart by more than colour."""

from dashboards import palette
from servers.profiles import PROFILES
from tests.dashboards import summaries


def test_no_two_profiles_share_a_colour_or_a_dash_with_symbol() -> None:
    looks = list(palette.LOOKS.values())

    assert len({look.colour for look in looks}) == len(looks)
    assert len({(look.dash, look.symbol) for look in looks}) == len(looks)


def test_the_colours_are_those_of_the_design() -> None:
    assert {name: look.colour for name, look in palette.LOOKS.items()} == {
        "sync": "#D55E00", "gthread": "#E69F00", "gevent": "#CC79A7", "asgi": "#0072B2",
        "uvloop": "#56B4E9", "hybrid": "#009E73", "gunicorn-asgi": "#777777",
    }  # fmt: skip


def test_every_profile_that_can_be_served_has_a_look() -> None:
    assert set(PROFILES) == set(palette.LOOKS)


def test_the_synthetic_profiles_are_those_of_the_palette() -> None:
    assert set(summaries.MODELS) == set(palette.LOOKS)


def test_a_profile_without_a_row_looks_like_no_other() -> None:
    assert palette.look("new") not in palette.LOOKS.values()
