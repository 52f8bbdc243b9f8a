"""What others see of a person: the name made safe, the initials, the colour."""

from __future__ import annotations

import re

import pytest

from kontor.names import account_name
from kontor.people.faces import LONGEST_NAME, PALETTE, clean_name, color, color_class, initials

from .conftest import STYLESHEET


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param("Maja Lindqvist", "Maja Lindqvist", id="plain"),
        pytest.param(
            "Søren Ó Néill-Müller Jr.", "Søren Ó Néill-Müller Jr.", id="letters and signs of the north and west"
        ),
        pytest.param("D\u2019Arcy O'Brien", "D\u2019Arcy O'Brien", id="apostrophes"),
        pytest.param("王小明", "王小明", id="Chinese"),
        pytest.param("A\u030asa", "Åsa", id="composed"),
        pytest.param("  Maja \t\n Lindqvist ", "Maja Lindqvist", id="spaces made single"),
        pytest.param("Maja\u00a0Lindqvist", "Maja Lindqvist", id="hard space"),
        pytest.param("Maja\u202etsivqdniL", "MajatsivqdniL", id="direction override"),
        pytest.param("Ma\u200bja", "Maja", id="invisible"),
        pytest.param("Ma\x00ja\x1b[31m", "Maja31m", id="control characters"),
        pytest.param('<b>Maja</b> & "co"', "bMajab co", id="markup"),
        pytest.param("Maja \U0001f451 Lindqvist", "Maja Lindqvist", id="emoji"),
        pytest.param("Z" + "\u0335" * 50 + "algo", "Z\u0335\u0335algo", id="stacked marks"),
        pytest.param("x" * LONGEST_NAME, "x" * LONGEST_NAME, id="as long as allowed"),
        pytest.param("x" * (LONGEST_NAME + 1), "x" * (LONGEST_NAME - 1) + "…", id="one too long"),
        pytest.param("maja@skane.se", None, id="mail address"),
        pytest.param("https://evil.example", None, id="web address"),
        pytest.param("", None, id="empty"),
        pytest.param(" \u200b ", None, id="blank"),
        pytest.param("12345", None, id="no letter"),
        pytest.param("-.'", None, id="only signs"),
        pytest.param("a" * 1025, None, id="far too long"),
    ],
)
def test_name_is_made_safe_to_show(sent: str, shown: str | None) -> None:
    assert clean_name(sent) == shown
    if shown is not None and not shown.endswith("…"):
        assert clean_name(shown) == shown, "cleaning twice changes nothing"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Maja Lindqvist", "ML"),
        ("ludwig van beethoven", "LB"),
        ("Madonna", "M"),
        ("Åsa Ek", "ÅE"),
        ("'t Hooft", "TH"),
        ("Anna 2", "A"),
        ("ßa ßb", "SS"),
        ("", "?"),
        ("12", "?"),
        ("王小明", "王"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", PALETTE)
def test_white_text_is_readable_on_every_colour(colour: str) -> None:
    """The same colours serve in light and dark, since text and ground of a face do not change with the theme."""
    assert (luminance("#ffffff") + 0.05) / (luminance(colour) + 0.05) >= 4.5


def test_the_stylesheet_has_the_same_colours() -> None:
    classes = dict(re.findall(r"\.(c\d+) \{ background: (#[0-9a-f]{6}); \}", STYLESHEET.read_text(encoding="utf-8")))
    assert classes == {f"c{place}": colour for place, colour in enumerate(PALETTE)}


def test_colour_is_of_the_account_and_all_are_used() -> None:
    accounts = [account_name("demo", f"person-{number}") for number in range(400)]
    assert {color(account) for account in accounts} == set(PALETTE)
    assert all(PALETTE[int(color_class(account)[1:])] == color(account) for account in accounts)
