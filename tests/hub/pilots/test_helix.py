"""The mix of a pilot: who counts as what, what is missing, and the picture."""

from __future__ import annotations

from typing import Any

import pytest

from kontor.people.partners import load_partners
from kontor.pilots.helix import MAIN, Mix, mix
from kontor.pilots.store import TakesPart
from kontor.web.pages import _environment

PARTNERS = load_partners()
LUND, DESY, UKE = TakesPart("lund-university"), TakesPart("desy"), TakesPart("uke")
CELLS = TakesPart("company.cells", "Cells", "company", "DK")


def of(*organisations: TakesPart) -> Mix:
    return mix(organisations, PARTNERS)


@pytest.mark.parametrize(
    ("organisations", "missing", "countries"),
    [
        pytest.param((), MAIN, {}, id="nobody"),
        pytest.param((LUND,), ("hospital", "company", "infrastructure"), {"SE": 1}, id="one university"),
        pytest.param((LUND, UKE, DESY), ("company",), {"SE": 1, "DE": 2}, id="no company"),
        pytest.param((LUND, UKE, DESY, CELLS), (), {"SE": 1, "DE": 2, "DK": 1}, id="whole"),
        pytest.param(
            (TakesPart("company.x", "X", "company", "FI"),),
            ("academia", "hospital", "infrastructure"),
            {"other": 1},
            id="from elsewhere",
        ),
        pytest.param(
            (TakesPart("company.x", "X", "company"),), ("academia", "hospital", "infrastructure"), {}, id="nowhere"
        ),
        pytest.param(
            (TakesPart("region-skane"), TakesPart("life-science-nord")), MAIN, {"SE": 1, "DE": 1}, id="regions"
        ),
        pytest.param((TakesPart("left-the-consortium"),), MAIN, {}, id="not in the table any more"),
    ],
)
def test_the_mix_is_counted(
    organisations: tuple[TakesPart, ...], missing: tuple[str, ...], countries: dict[str, int]
) -> None:
    found = of(*organisations)
    assert found.missing == missing
    assert {country: count for country, count in found.countries.items() if count} == countries
    assert len(found.organisations) == len(organisations)


@pytest.mark.parametrize(
    ("organisations", "words"),
    [
        pytest.param((), "No organisation is named yet", id="nobody"),
        pytest.param((LUND, UKE, DESY), "No company takes part yet", id="one missing"),
        pytest.param((DESY, UKE, CELLS), "No university takes part yet", id="another missing"),
        pytest.param((LUND, CELLS), "Not in this pilot yet: hospital, facility.", id="two missing"),
        pytest.param((LUND, UKE, DESY, CELLS), None, id="whole"),
    ],
)
def test_what_is_missing_is_hinted_at(organisations: tuple[TakesPart, ...], words: str | None) -> None:
    hint = of(*organisations).hint
    assert (hint is None) if words is None else (words in str(hint))


@pytest.mark.parametrize(
    ("organisations", "crosses"),
    [
        ((LUND,), False),
        ((LUND, CELLS), True),
        ((DESY, UKE), False),
        ((LUND, TakesPart("company.x", "X", "company")), False),
    ],
    ids=["one", "two countries", "one country twice", "unknown is no border"],
)
def test_borders(organisations: tuple[TakesPart, ...], crosses: bool) -> None:
    assert of(*organisations).crosses_borders is crosses


def test_what_the_table_says_of_a_partner_is_never_replaced() -> None:
    found = of(TakesPart("desy", "Somebody else", "company", "NO"))
    assert [(one.name, one.sector, one.country) for one in found.organisations] == [("DESY", "infrastructure", "DE")]


def picture(found: Any) -> str:
    template = _environment().from_string('{% from "helix.html" import helix_picture %}{{ helix_picture(mix) }}')
    return template.render(mix=found)


def test_the_picture_names_everybody_and_what_is_missing() -> None:
    text = picture(of(LUND, UKE, DESY, TakesPart("region-skane")))
    for words in (
        "university: Lund University (Sweden)",
        "company: none yet",
        "<title>DESY</title>",
        'role="img"',
        "storey nobody",
        'class="roof region"',
    ):
        assert words in text, words
    assert "style=" not in text
    assert text.count("storey nobody") == 1


def test_names_in_the_picture_are_text_and_never_markup() -> None:
    nasty = "\"><script>alert('x')</script>"
    text = picture(of(TakesPart("company.x", nasty, "company", "DK")))
    assert nasty not in text
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 2
