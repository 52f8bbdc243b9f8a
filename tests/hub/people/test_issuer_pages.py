"""What the demo issuer shows: the choose page, its safety headers, the stylesheet, and other addresses."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from .conftest import HOME, PERSONAS, PUBLIC, STYLESHEET, Issuer, request


def test_shows_everybody_with_partner_and_country_in_plain_words(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        page = browser.get(request()).text
    cards = re.findall(r'<button class="persona" type="submit" name="persona" value="(\w+)">(.*?)</button>', page, re.S)
    assert [name for name, _ in cards] == [persona["id"] for persona in PERSONAS]
    for persona, (_, card) in zip(PERSONAS, cards, strict=True):
        assert all(persona[part] in card for part in ("name", "partner", "about"))
    countries = {re.search(r", (\w+)</span>", card)[1] for _, card in cards}  # type: ignore[index]
    assert countries == {"Sweden", "Denmark", "Germany", "Norway"}
    assert "This is the demo sign-in" in page
    assert "there are no passwords" in page
    assert f'href="{HOME}"' in page


def test_needs_no_script_and_no_inline_style_and_cannot_be_framed(issuer: Issuer) -> None:
    with issuer.browser() as browser:
        response = browser.get(request())
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", response.text)
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self' http://kontor.localhost:8000 http://*.kontor.localhost:8000"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("cookie", "tag"),
    [
        ("kontor-theme=dark", '<html lang="en" data-theme="dark">'),
        ("a=b; kontor-theme=light", '<html lang="en" data-theme="light">'),
        ('kontor-theme="><script>', '<html lang="en">'),
        ("", '<html lang="en">'),
    ],
)
def test_wears_the_theme_that_was_chosen_in_kontor(issuer: Issuer, cookie: str, tag: str) -> None:
    response = httpx.get(f"{issuer.direct}/", headers={"Cookie": cookie} if cookie else {})
    assert tag in response.text


def test_serves_the_stylesheet_and_the_icon_and_nothing_beside_them(issuer: Issuer) -> None:
    sheet = httpx.get(f"{issuer.direct}/static/kontor.css")
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert sheet.text == STYLESHEET.read_text(encoding="utf-8")
    assert httpx.get(f"{issuer.direct}/static/favicon.svg").headers["content-type"] == "image/svg+xml"
    for name in ("", "mark.png", "theme.js", "%2e%2e/look.py", "..%2flook.py", "kontor.css/", "constructor"):
        assert httpx.get(f"{issuer.direct}/static/{name}").status_code == 404


def test_works_without_a_stylesheet(start: Callable[..., Issuer]) -> None:
    issuer = start(stylesheet=None, logout_redirect=None)
    with issuer.browser() as browser:
        page = browser.get(request()).text
    assert "Choose who you are" in page
    assert "stylesheet" not in page
    assert httpx.get(f"{issuer.direct}/static/kontor.css").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/", 404, "There is nothing here"),
        ("/choose/unknown", 400, "This sign-in is over"),
        ("/auth/unknown", 400, "This sign-in cannot go on"),
        ("/admin", 404, "There is nothing here"),
    ],
)
def test_other_addresses_are_pages_with_the_way_back(issuer: Issuer, path: str, status: int, words: str) -> None:
    with issuer.browser() as browser:
        response = browser.get(PUBLIC + path)
    assert (response.status_code, words in response.text, HOME in response.text) == (status, True, True)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "kontor.localhost:8000", "issuer.kontor.localhost"])
def test_answers_by_no_other_name(issuer: Issuer, host: str) -> None:
    response = httpx.get(f"{issuer.direct}/healthz", headers={"Host": host})
    assert response.status_code == 421
