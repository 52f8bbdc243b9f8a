"""The demo issuer, whole: a real Node process, asked as a browser and as the hub ask it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
import pytest

from .conftest import CALLBACK, HOME, PERSONAS, PUBLIC, VERIFIER, Browser, Issuer, request


def answer(response: httpx.Response) -> dict[str, str]:
    """What comes back to the hub's callback."""
    location = response.headers["location"]
    assert location.startswith(CALLBACK + "?"), location
    return {key: value[0] for key, value in parse_qs(urlsplit(location).query).items()}


def choose(browser: Browser, persona: str, **changes: Any) -> dict[str, str]:
    """Begin a sign-in, choose a person on the page, and return what the hub gets."""
    page = browser.get(request(**changes))
    assert "Choose who you are" in page.text, page.text
    found = re.search(r'<form method="post" action="(/choose/[^"]+)"', page.text)
    assert found
    return answer(browser.request("POST", found[1], data={"persona": persona}))


def redeem(issuer: Issuer, code: str, **changes: str) -> httpx.Response:
    """Exchange a code as the hub does: directly, past the proxy."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": "kontor",
        "client_secret": issuer.secret,
    } | changes
    return httpx.post(f"{issuer.direct}/token", data=form)


def userinfo(issuer: Issuer, token: str) -> httpx.Response:
    return httpx.get(f"{issuer.direct}/me", headers={"Authorization": f"Bearer {token}"})


def sign_in(issuer: Issuer, persona: str, **changes: Any) -> dict[str, Any]:
    """The whole flow; the tokens."""
    with issuer.browser() as browser:
        came_back = choose(browser, persona, **changes)
    assert (came_back["state"], came_back["iss"]) == ("st", PUBLIC)
    response = redeem(issuer, came_back["code"])
    assert response.status_code == 200, response.text
    tokens: dict[str, Any] = response.json()
    return tokens


def test_says_one_line_when_it_is_ready_and_answers_health_checks(issuer: Issuer) -> None:
    port = issuer.configuration.values["listen_port"]
    assert issuer.ready == f"Demo issuer ready: {PUBLIC} (listens on 127.0.0.1:{port})\n"
    assert httpx.get(f"{issuer.direct}/healthz").text == "ok\n"


def test_describes_itself_by_its_public_address_whoever_asks(issuer: Issuer) -> None:
    path = "/.well-known/openid-configuration"
    spoofed = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    answers = [httpx.get(issuer.direct + path).json(), httpx.get(issuer.direct + path, headers=spoofed).json()]
    with issuer.browser() as browser:
        answers.append(browser.get(PUBLIC + path).json())
    assert answers[0] == answers[1] == answers[2]
    addresses = [value for value in answers[0].values() if isinstance(value, str) and value.startswith("http")]
    assert {urlsplit(address).netloc for address in addresses} == {urlsplit(PUBLIC).netloc}
    assert answers[0]["code_challenge_methods_supported"] == ["S256"]
    assert answers[0]["id_token_signing_alg_values_supported"] == ["RS256"]


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona["id"])
def test_each_person_signs_in_and_brings_their_claims(issuer: Issuer, persona: dict[str, Any]) -> None:
    answered = userinfo(issuer, sign_in(issuer, persona["id"])["access_token"])
    assert answered.json() == persona["claims"]


def test_id_token_is_signed_for_the_hub_and_holds_no_personal_claims(issuer: Issuer) -> None:
    token = sign_in(issuer, "maja")["id_token"]
    keys = jwt.PyJWKSet.from_dict(httpx.get(f"{issuer.direct}/jwks").json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="kontor", issuer=PUBLIC)
    assert (claims["sub"], claims["nonce"]) == ("maja-0001@demo.kontor.localhost", "no")
    assert not {"name", "email", "voperson_external_affiliation"} & set(claims)


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", {"sub"}),
        ("openid profile", {"sub", "name", "given_name", "family_name"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid voperson_external_affiliation", {"sub", "voperson_external_affiliation"}),
        ("openid nothing_of_the_kind", {"sub"}),
    ],
)
def test_only_what_was_asked_for_is_told(issuer: Issuer, scope: str, claims: set[str]) -> None:
    tokens = sign_in(issuer, "maja", scope=scope)
    assert set(userinfo(issuer, tokens["access_token"]).json()) == claims


def test_the_same_browser_is_asked_again_and_may_be_somebody_else(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        codes = [choose(browser, name)["code"] for name in ("maja", "jonas", "maja")]
    tokens = [redeem(issuer, code).json()["access_token"] for code in codes]
    names = [userinfo(issuer, token).json()["given_name"] for token in tokens]
    assert names == ["Maja", "Jonas", "Maja"]


def test_never_signs_anybody_in_silently(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        choose(browser, "maja")
        assert answer(browser.get(request(prompt="none")))["error"] == "login_required"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"code_challenge": None, "code_challenge_method": None}, id="no PKCE"),
        pytest.param({"code_challenge_method": "plain"}, id="PKCE plain"),
        pytest.param({"code_challenge_method": None}, id="PKCE without a method is plain"),
        pytest.param({"response_type": "token"}, id="implicit flow"),
        pytest.param({"response_type": "code id_token"}, id="hybrid flow"),
    ],
)
def test_unsafe_requests_are_sent_back_without_a_code(issuer: Issuer, changes: dict[str, Any]) -> None:
    with issuer.browser() as browser:
        response = browser.get(request(**changes))
    location = response.headers["location"].replace("#", "?")
    query = parse_qs(urlsplit(location).query)
    assert location.startswith(CALLBACK)
    assert query["error"][0] in {"invalid_request", "unsupported_response_type", "unauthorized_client"}
    assert "code" not in query


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"redirect_uri": "http://evil.example/"}, id="foreign callback"),
        pytest.param({"redirect_uri": CALLBACK + "/more"}, id="callback with more behind"),
        pytest.param({"client_id": "stranger"}, id="unknown client"),
    ],
)
def test_foreign_requests_end_on_a_page_here(issuer: Issuer, changes: dict[str, Any]) -> None:
    with issuer.browser() as browser:
        response = browser.get(request(**changes))
    assert response.status_code == 400
    assert "This sign-in cannot go on" in response.text
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        pytest.param({"code_verifier": "w" * 64}, 400, "invalid_grant", id="wrong verifier"),
        pytest.param({"code_verifier": ""}, 400, "invalid_grant", id="no verifier"),
        pytest.param({"client_secret": "wrong" * 8}, 401, "invalid_client", id="wrong secret"),
        pytest.param({"client_secret": ""}, 401, "invalid_client", id="no secret"),
        pytest.param({"redirect_uri": HOME}, 400, "invalid_grant", id="other callback"),
        pytest.param({"grant_type": "refresh_token"}, 400, "unsupported_grant_type", id="other grant"),
    ],
)
def test_a_code_is_not_redeemed(issuer: Issuer, changes: dict[str, str], status: int, error: str) -> None:
    with issuer.browser() as browser:
        code = choose(browser, "maja")["code"]
    response = redeem(issuer, code, **changes)
    assert (response.status_code, response.json()["error"]) == (status, error)


def test_a_code_is_good_once_and_its_second_use_ends_what_it_gave(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        code = choose(browser, "maja")["code"]
    token = redeem(issuer, code).json()["access_token"]
    assert redeem(issuer, code).json()["error"] == "invalid_grant"
    assert userinfo(issuer, token).status_code == 401


def test_only_one_of_the_people_can_be_chosen(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        page = browser.get(request())
        action = page.text.split('action="', 1)[1].split('"', 1)[0]
        for form in ({"persona": "root"}, {"persona": "__proto__"}, {}, {"persona": "m" * 5000}):
            response = browser.request("POST", action, data=form)
            assert (response.status_code, "location" in response.headers) == (400, False)
        assert "code" in answer(browser.request("POST", action, data={"persona": "maja"})), "the page is still good"


def test_the_page_belongs_to_the_browser_that_asked(issuer: Issuer) -> None:
    with issuer.browser() as browser, issuer.browser() as stranger:
        action = browser.get(request()).text.split('action="', 1)[1].split('"', 1)[0]
        response = stranger.request("POST", action, data={"persona": "maja"})
    assert response.status_code == 400
    assert "This sign-in is over" in response.text


def test_two_tabs_of_one_browser_do_not_disturb_each_other(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        actions = [browser.get(request()).text.split('action="', 1)[1].split('"', 1)[0] for _ in range(2)]
        codes = [answer(browser.request("POST", action, data={"persona": "kari"}))["code"] for action in actions]
    assert [redeem(issuer, code).status_code for code in codes] == [200, 200]


def test_leaving_is_one_step_and_ends_the_token(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        token = redeem(issuer, choose(browser, "maja")["code"]).json()["access_token"]
        leave = urlencode({"client_id": "kontor", "post_logout_redirect_uri": HOME, "state": "bye"})
        response = browser.get(f"{PUBLIC}/session/end?{leave}")
        assert (response.status_code, response.headers["location"]) == (302, f"{HOME}?state=bye")
        assert userinfo(issuer, token).status_code == 401
        assert "You have signed out" in browser.get(f"{PUBLIC}/session/end").text


def test_leaving_leads_nowhere_else(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        elsewhere = urlencode({"client_id": "kontor", "post_logout_redirect_uri": "http://evil.example/"})
        response = browser.get(f"{PUBLIC}/session/end?{elsewhere}")
        assert (response.status_code, "location" in response.headers) == (400, False)
        anonymous = browser.get(f"{PUBLIC}/session/end?" + urlencode({"post_logout_redirect_uri": HOME}))
    assert (anonymous.status_code, "location" in anonymous.headers) == (200, False)
