"""Names: what may become an account, a label, a path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontor import names
from kontor.errors import KontorError

text = st.text(max_size=300)


@given(text, text)
def test_an_account_name_is_a_label_of_25_characters(alias: str, subject: str) -> None:
    name = names.account_name(alias, subject) if _encodable(alias + subject) else "u" + "a" * 24
    assert names.is_person(name)
    assert names.pilot_of_workspace(name) is None


@given(st.tuples(text, text), st.tuples(text, text))
def test_different_people_have_different_names(one: tuple[str, str], other: tuple[str, str]) -> None:
    if all(_encodable(part) and "\0" not in part for part in (*one, *other)) and one != other:
        assert names.account_name(*one) != names.account_name(*other)


def test_an_account_name_never_changes() -> None:
    assert names.account_name("demo", "x") == "uwneuh4yj36wewyki54kq2mj4"


def _encodable(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("ab", id="shortest"),
        pytest.param("a" * 27, id="longest"),
        pytest.param("knee-mr", id="hyphen"),
        pytest.param("p05", id="digits"),
    ],
)
def test_a_slug(slug: str) -> None:
    assert names.check_slug(slug) == slug
    assert names.pilot_of_workspace(names.workspace_account(slug)) == slug
    assert names.pilot_of_group(names.pilot_group(slug)) == slug
    assert len(names.workspace_account(slug)) <= 30


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("a", id="one character"),
        pytest.param("a" * 28, id="28 characters"),
        pytest.param("", id="nothing"),
        pytest.param("Knee", id="capital"),
        pytest.param("1knee", id="begins with a digit"),
        pytest.param("-knee", id="begins with a hyphen"),
        pytest.param("knee-", id="ends with a hyphen"),
        pytest.param("knee--mr", id="two hyphens"),
        pytest.param("knee/mr", id="slash"),
        pytest.param("../etc", id="path"),
        pytest.param("knie\n", id="newline at the end"),
        pytest.param("knæ", id="letter beyond ASCII"),
    ],
)
def test_what_is_no_slug(slug: str) -> None:
    with pytest.raises(KontorError, match="27 lower-case letters"):
        names.check_slug(slug)
    assert names.pilot_of_workspace("ws-" + slug) is None or len(slug) in (1, 28)


@pytest.mark.parametrize(
    "account", ["u", "ws-", "root", "lobby", "u" * 25 + "1", "U" + "a" * 24, "u" + "a" * 24 + "\n"]
)
def test_what_is_no_person(account: str) -> None:
    assert not names.is_person(account)


def test_subdomains_are_one_level() -> None:
    assert names.subdomain("ws-knee-mr", "kontor.localhost", "user") == "ws-knee-mr.kontor.localhost"
    assert names.subdomain("lobby", "kontor.localhost", "service") == "lobby.kontor.localhost"
    with pytest.raises(ValueError, match="unexpected account"):
        names.subdomain("lobby", "kontor.localhost", "user")
