"""Signing in to the pages through the hub."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from kontor.web.seal import Seal
from tests.hub.web.house import House


def asked(answer: httpx.Response) -> dict[str, str]:
    return {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def test_the_way_through_the_hub_and_back(house: House) -> None:
    house.hub.codes["code-1"] = house.tokens["maja"]
    async with house.browser() as client:
        begun = await client.get(f"{house.prefix}pilots/knee-mr?x=1")
        question = asked(begun)
        assert begun.headers["location"].startswith(f"{house.site.public_url}/hub/api/oauth2/authorize?")
        assert (question["client_id"], question["code_challenge_method"]) == ("service-lobby", "S256")
        back = await client.get(f"{house.prefix}oauth_callback", params={"code": "code-1", "state": question["state"]})
        assert (back.status_code, back.headers["location"]) == (302, f"{house.prefix}pilots/knee-mr?x=1")
        assert (await client.get(back.headers["location"])).status_code == 200
    sent = house.hub.exchanges[0]
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == question["code_challenge"]
    assert sent["client_secret"] == house.site.secret("service-token")
    assert sent["redirect_uri"] == question["redirect_uri"] == house.site.service_public_url + "oauth_callback"
    cookie = next(line for line in back.headers.get_list("set-cookie") if line.startswith("kontor-session="))
    for word in ("HttpOnly", "SameSite=lax", "Path=/services/lobby;"):
        assert word in cookie + ";"
    assert house.tokens["maja"] not in cookie


async def test_a_sign_in_that_this_browser_did_not_begin_is_refused(house: House) -> None:
    house.hub.codes["code-1"] = house.tokens["maja"]
    async with house.browser() as other, house.browser() as client:
        state = asked(await other.get(house.prefix))["state"]
        mine = asked(await client.get(house.prefix))["state"]
        for wrong in (state, "", "x", mine[:8], mine + "x"):
            answer = await client.get(f"{house.prefix}oauth_callback", params={"code": "code-1", "state": wrong})
            assert (answer.status_code, "sign_in_failed" in answer.text) == (400, True)
    assert house.hub.exchanges == []


@pytest.mark.parametrize("params", [{"error": "access_denied"}, {"code": "wrong"}], ids=["refused", "wrong code"])
async def test_a_hub_that_says_no_is_told_in_words(house: House, params: dict[str, str]) -> None:
    async with house.browser() as client:
        state = asked(await client.get(house.prefix))["state"]
        answer = await client.get(f"{house.prefix}oauth_callback", params={"state": state, **params})
        assert (answer.status_code, "Open the lobby" in answer.text) == (400, True)
        assert "kontor-session" not in client.cookies


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "token-maja", Seal("other", "session").close({"token": "token-maja"})],
    ids=["empty", "rubbish", "bare token", "sealed by somebody else"],
)
async def test_a_cookie_that_is_not_ours_is_nobody(house: House, cookie: str) -> None:
    async with house.browser() as client:
        client.cookies.set("kontor-session", cookie)
        assert (await client.get(house.prefix)).status_code == 302


async def test_a_state_cookie_is_no_session(house: House) -> None:
    sealed = house.app.state.signin._states.close({"token": house.tokens["maja"]})
    async with house.browser() as client:
        client.cookies.set("kontor-session", sealed)
        assert (await client.get(house.prefix)).status_code == 302


def test_seals_end() -> None:
    seal = Seal("secret", "purpose")
    assert seal.open(seal.close({"a": 1}), seconds=60) == {"a": 1}
    assert seal.open(seal.close({"a": 1}), seconds=-1) is None
    assert seal.open(None, seconds=60) is None


async def test_a_token_that_the_hub_took_back_ends_the_session(house: House) -> None:
    async with house.browser("maja") as client:
        del house.hub.owners[house.tokens["maja"]]
        assert (await client.get(house.prefix)).status_code == 302
        fragment = await client.get(f"{house.prefix}fragments/here", headers={"HX-Request": "true"})
        assert (fragment.status_code, fragment.headers["hx-refresh"]) == (401, "true")


@pytest.mark.parametrize("who", ["workspace", "gateway", "page"])
async def test_only_people_with_a_token_for_the_lobby_see_pages(house: House, who: str) -> None:
    async with house.browser(who) as client:
        assert (await client.get(house.prefix)).status_code == 403


async def test_signing_out_forgets_the_session_here_and_goes_on_to_the_hub(house: House) -> None:
    async with house.browser("maja") as client:
        answer = await client.post(f"{house.prefix}logout", headers={"Origin": house.origin})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{house.site.public_url}/hub/logout")
        assert 'kontor-session=""' in answer.headers["set-cookie"]
        assert (await client.get(f"{house.prefix}logout")).status_code == 405


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example/", "/hub/", "/services/lobby/\\evil", ""])
def test_nobody_is_sent_elsewhere_afterwards(house: House, path: str) -> None:
    assert house.app.state.signin._ours(path) == house.prefix


async def test_a_cookie_that_another_subdomain_has_set_makes_nobody_somebody_else(house: House) -> None:
    """A page in a workspace can set a cookie for the whole domain; which one is ours cannot be told, so neither is."""
    async with house.browser("jonas") as jonas, house.browser("maja") as maja:
        own = jonas.cookies.get("kontor-session")
        tossed = maja.cookies.get("kontor-session")
        assert own
        assert tossed
        jonas.cookies.clear()
        answer = await jonas.get(house.prefix, headers={"Cookie": f"kontor-session={own}; kontor-session={tossed}"})
    assert answer.status_code == 400
    assert "Maja" not in answer.text
    assert "Another page has left a cookie" in answer.text
