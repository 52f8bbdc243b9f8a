"""The partner table: the one that is shipped, and how mistakes in a table are named."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kontor.errors import SettingsError
from kontor.people.partners import Partners, load_partners

KU = '[[partners]]\nslug = "ku"\nname = "Copenhagen"\ncountry = "DK"\nsector = "academia"\nscopes = ["ku.dk"]\n'
LU = KU.replace("ku", "lu").replace("Copenhagen", "Lund")


@pytest.fixture(scope="module")
def partners() -> Partners:
    return load_partners()


def test_the_consortium_has_22_partners_in_four_countries(partners: Partners) -> None:
    assert len(partners) == 22
    assert Counter(partner.country for partner in partners) == {"SE": 7, "DK": 7, "DE": 7, "NO": 1}
    assert {partner.sector for partner in partners} >= {"academia", "hospital", "infrastructure", "region", "cluster"}


@pytest.mark.parametrize(
    ("scope", "slug"),
    [
        ("lu.se", "lund-university"),
        ("maxiv.lu.se", "max-iv"),
        ("ess.eu", "ess"),
        ("esss.se", "ess"),
        ("mau.se", "malmo-university"),
        ("skane.se", "skane-university-hospital"),
        ("ku.dk", "university-of-copenhagen"),
        ("dtu.dk", "dtu"),
        ("au.dk", "aarhus-university"),
        ("sdu.dk", "sdu"),
        ("regionh.dk", "rigshospitalet"),
        ("uni-hamburg.de", "university-of-hamburg"),
        ("desy.de", "desy"),
        ("xfel.eu", "european-xfel"),
        ("embl.org", "embl"),
        ("embl.de", "embl"),
        ("uke.de", "uke"),
        ("uke.uni-hamburg.de", "uke"),
        ("uio.no", "university-of-oslo"),
        ("LU.SE", "lund-university"),
        ("", None),
        ("se", None),
        ("lu.se.", None),
        (" lu.se", None),
        ("lu.se\n", None),
        ("x.lu.se", None),
        ("xlu.se", None),
        ("lu.se.evil.com", None),
        ("\u212au.dk", None),
        ("l%75.se", None),
        ("example.org", None),
    ],
)
def test_partner_of_a_scope(partners: Partners, scope: str, slug: str | None) -> None:
    partner = partners.by_scope(scope)
    assert (partner.slug if partner else None) == slug


def test_every_partner_that_shares_a_scope_is_known(partners: Partners) -> None:
    assert [partner.slug for partner in partners.sharing("skane.se")] == ["skane-university-hospital", "region-skane"]
    assert [partner.slug for partner in partners.sharing("LU.se")] == ["lund-university", "max-iv"]
    assert partners.sharing("nowhere.se") == ()


def test_country_is_the_tables_and_not_the_domains(partners: Partners) -> None:
    found = {scope: partners.by_scope(scope) for scope in ("ess.eu", "xfel.eu", "embl.org")}
    assert {scope: partner and partner.country for scope, partner in found.items()} == {
        "ess.eu": "SE",
        "xfel.eu": "DE",
        "embl.org": "DE",
    }


def test_partner_of_a_slug(partners: Partners) -> None:
    uke = partners.get("uke")
    assert uke is not None
    assert uke.name == "University Medical Center Hamburg-Eppendorf (UKE)"
    assert (uke.country, uke.sector) == ("DE", "hospital")
    assert partners.get("UKE") is None


@pytest.mark.parametrize(
    ("table", "words"),
    [
        pytest.param("", ["partners is missing"], id="empty file"),
        pytest.param("partners = []", ["partners must not be empty"], id="no partner"),
        pytest.param("partners = 7", ["partners", "7"], id="partners a number"),
        pytest.param("[[partners", ["not TOML"], id="no TOML"),
        pytest.param("\ufeffx", ["not TOML"], id="byte order mark"),
        pytest.param(KU + "colour = 1", ["partners[ku].colour is not known"], id="unknown key of a partner"),
        pytest.param("issuers = 1\n" + KU, ["issuers is not known"], id="unknown table"),
        pytest.param(KU.replace('country = "DK"\n', ""), ["partners[ku].country is missing"], id="no country"),
        pytest.param(KU.replace("DK", "FI"), ["partners[ku].country", "'FI'"], id="country outside the consortium"),
        pytest.param(KU.replace("DK", "dk"), ["partners[ku].country", "'dk'"], id="country in small letters"),
        pytest.param(KU.replace("academia", "school"), ["partners[ku].sector", "'school'"], id="unknown sector"),
        pytest.param(KU.replace('"ku"', '"Ku"'), ["partners[Ku].slug must be lower-case"], id="slug with a capital"),
        pytest.param(KU.replace('"ku"', '"k--u"'), ["slug must be lower-case"], id="slug with two hyphens"),
        pytest.param(KU.replace('"ku"', '"ku\\n"'), ["slug must be lower-case"], id="slug with a newline"),
        pytest.param(KU.replace('"ku"', "7"), ["partners[7].slug"], id="slug a number"),
        pytest.param(KU.replace("Copenhagen", " "), ["partners[ku].name"], id="blank name"),
        pytest.param(
            KU.replace("ku.dk", "KU.dk"), ["partners[ku].scopes[1] must be a domain"], id="scope with capitals"
        ),
        pytest.param(KU.replace("ku.dk", "@ku.dk"), ["must be a domain"], id="scope with an at sign"),
        pytest.param(KU.replace("ku.dk", "*.ku.dk"), ["must be a domain"], id="scope with a star"),
        pytest.param(KU.replace("ku.dk", "dk"), ["must be a domain"], id="a whole country"),
        pytest.param(KU.replace("ku.dk", "ku.dk."), ["must be a domain"], id="scope with a dot at the end"),
        pytest.param(KU.replace('["ku.dk"]', '"ku.dk"'), ["partners[ku].scopes"], id="scopes a text"),
        pytest.param(KU.replace('["ku.dk"]', '["ku.dk", "ku.dk"]'), ["lists 'ku.dk' twice"], id="scope twice"),
        pytest.param(KU + KU, ["slug 'ku' is given to two", "name 'Copenhagen' is given to two"], id="partner twice"),
        pytest.param(
            KU + LU.replace("lu.dk", "ku.dk"),
            ["'ku.dk' is shared by ku and lu", "[scope_defaults]"],
            id="shared scope without a default",
        ),
        pytest.param(
            'scope_defaults = {"ku.dk" = "ku"}\n' + KU, ["not needed: only ku"], id="default of a scope of one"
        ),
        pytest.param(
            'scope_defaults = {"ku.dk" = "lu"}\n' + KU + LU,
            ["'lu', which is no partner with that scope"],
            id="default that has not the scope",
        ),
        pytest.param(
            'scope_defaults = {"ku.dk" = "xx"}\n' + KU, ["'xx', which is no partner"], id="default nobody knows"
        ),
        pytest.param('scope_defaults = {"KU" = "ku"}\n' + KU, ["must be a domain"], id="default of no domain"),
        pytest.param(
            KU.replace("DK", "FI").replace("academia", "school") + LU.replace("DK", "XX") + "extra = 1",
            ["4 mistakes", "[ku].country must be 'SE'", "[ku].sector", "[lu].country", "[lu].extra"],
            id="every mistake at once",
        ),
    ],
)
def test_mistakes_in_a_table_are_named(tmp_path: Path, table: str, words: list[str]) -> None:
    file = tmp_path / "partners.toml"
    file.write_text(table, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_partners(file)
    said = str(refused.value)
    assert [word for word in words if word not in said] == [], said
    assert said.startswith(f"{file}: ")


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load_partners(tmp_path / "partners.toml")


def test_a_shared_scope_with_its_default(tmp_path: Path) -> None:
    file = tmp_path / "partners.toml"
    file.write_text('scope_defaults = {"ku.dk" = "lu"}\n' + KU + LU.replace("lu.dk", "ku.dk"))
    partner = load_partners(file).by_scope("ku.dk")
    assert partner is not None
    assert partner.slug == "lu"
