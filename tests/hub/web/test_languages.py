"""The language of pages: chosen, asked for, or English; of errors and of what threads make; and the hub's pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from jinja2 import DictLoader, Environment
from starlette.requests import Request
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from kontor import words
from kontor.errors import Conflict
from kontor.web.hub_languages import HubWords, LanguageOf
from tests.hub.web.house import House
from tests.hub.web.test_look import render

MESSAGES = {
    "Skip to content": "Till innehållet",
    "The address may be mistyped, or what was here has moved. Start again from the lobby.": "Här finns inget.",
    "This was not sent from one of our own pages, so nothing was done. Open the lobby and try from there.": "Nej.",
    "You are not signed in any more. Open the lobby and sign in.": "Logga in.",
}


@pytest.fixture
def swedish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of a few messages, whatever the real one says."""
    folder = tmp_path / "locale" / "sv" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    entries = [f'msgid "{english}"\nmsgstr "{theirs}"\n' for english, theirs in MESSAGES.items()]
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8"\n'
    (folder / "kontor.po").write_text("\n".join([head, *entries]), encoding="utf-8")
    monkeypatch.setattr(words, "LOCALE", tmp_path / "locale")
    words.catalogue.cache_clear()
    yield
    words.catalogue.cache_clear()


def language_of_page(answer: httpx.Response) -> str:
    found = re.search(r'<html lang="([^"]*)">', answer.text)
    assert found
    assert answer.headers["content-language"] == found[1]
    assert {"Accept-Language", "Cookie"} <= set(re.split(r", *", answer.headers["vary"]))
    return found[1]


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, None, "en"),
        (None, "sv-SE,sv;q=0.9", "sv"),
        ("de", "sv", "de"),
        ("fi", "sv", "sv"),
        ("<script>", None, "en"),
    ],
)
@pytest.mark.parametrize("path", ["pilots", "nothing/here"], ids=["a page", "a refusal"])
async def test_pages_speak_the_language_of_their_reader(
    house: House, path: str, cookie: str | None, accepted: str | None, language: str
) -> None:
    async with house.browser("maja") as client:
        if cookie is not None:
            client.cookies.set("kontor-language", cookie)
        answer = await client.get(house.prefix + path, headers={"Accept-Language": accepted} if accepted else {})
        assert language_of_page(answer) == language


@pytest.mark.usefixtures("swedish")
async def test_pages_and_refusals_are_translated(house: House) -> None:
    sv = {"Accept-Language": "sv"}
    async with house.browser("maja") as client:
        assert "Till innehållet" in (await client.get(house.prefix + "pilots", headers=sv)).text
        assert "Skip to content" in (await client.get(house.prefix + "pilots")).text
        assert "Här finns inget." in (await client.get(house.prefix + "nothing", headers=sv)).text
        assert "Nej." in (await client.post(house.prefix + "logout", headers=sv)).text
    async with house.browser() as stranger:
        sent = {**sv, "Origin": house.origin}
        refused = await stranger.post(house.prefix + "pilots/knee-mr/workspace", headers=sent)
        assert refused.status_code == 401
        assert "Logga in." in refused.text


@pytest.mark.usefixtures("swedish")
async def test_what_breaks_breaks_in_the_language_of_the_reader(house: House) -> None:
    async def broken() -> None:
        raise RuntimeError("secret")

    house.app.add_api_route(house.prefix + "broken", broken)
    async with house.browser("maja") as client:
        answer = await client.get(house.prefix + "broken", headers={"Accept-Language": "sv"})
    assert answer.status_code == 500
    assert language_of_page(answer) == "sv"
    assert "Till innehållet" in answer.text
    assert "secret" not in answer.text


async def test_threads_and_errors_from_them_speak_it_too(house: House) -> None:
    def in_a_thread(request: Request) -> dict[str, str]:
        if request.query_params.get("refuse"):
            raise Conflict(f"said in {words.language()}")
        return {"language": words.language()}

    house.app.add_api_route(house.prefix + "thread", in_a_thread)
    async with house.browser("maja") as client:
        client.headers["Accept-Language"] = "nb"
        assert (await client.get(house.prefix + "thread")).json() == {"language": "nb"}
        refused = await client.get(house.prefix + "thread?refuse=1")
        assert language_of_page(refused) == "nb"
        assert "said in nb" in refused.text
    assert words.language() == "en"


async def test_readers_at_the_same_time_do_not_hear_each_other(house: House) -> None:
    async def slow() -> dict[str, str]:
        before = words.language()
        await asyncio.sleep(0)
        return {"before": before, "after": words.language()}

    house.app.add_api_route(house.prefix + "slow", slow)

    async def ask(code: str) -> None:
        async with house.browser("maja") as client:
            client.cookies.set("kontor-language", code)
            assert (await client.get(house.prefix + "slow")).json() == {"before": code, "after": code}

    await asyncio.gather(*(ask(code) for code in list(words.LANGUAGES) * 4))


async def test_programs_and_files_are_not_translated(house: House) -> None:
    async with house.browser("maja") as client:
        client.headers["Accept-Language"] = "sv"
        client.cookies.set("kontor-language", "sv")
        for path in ("api/nothing", "api/pilots", "static/kontor.css", "api/openapi.json"):
            answer = await client.get(house.prefix + path)
            assert answer.headers.get("content-language", "en") == "en"
        assert "mistyped" in (await client.get(house.prefix + "api/nothing")).text


# -- the choice ----------------------------------------


@pytest.mark.parametrize("persona", [None, "maja"], ids=["nobody", "a member"])
@pytest.mark.parametrize("code", words.LANGUAGES)
async def test_anybody_chooses_a_language_and_keeps_it(house: House, persona: str | None, code: str) -> None:
    async with house.browser(persona) as client:
        back = house.prefix + "pilots?state=active&q=%C3%A5"
        form = {"language": code, "back": back}
        answer = await client.post(house.prefix + "language", data=form, headers={"Origin": house.origin})
        assert (answer.status_code, answer.headers["location"]) == (303, back)
        cookie = answer.headers["set-cookie"].lower()
        assert cookie.startswith(f"kontor-language={code};")
        for part in ("domain=kontor.localhost", "path=/", "samesite=lax", "httponly", "max-age=31536000"):
            assert part in cookie.replace("; ", ";").split(";")
        shown = await client.get(house.prefix + "nothing", headers={"Cookie": f"kontor-language={code}"})
        assert language_of_page(shown) == code
        current = re.findall(r'<button name="language" value="(\w\w)" lang="\1" aria-current="true">', shown.text)
        assert current == [code]


async def test_every_page_offers_the_five_by_their_own_names(house: House) -> None:
    async with house.browser("maja") as client:
        text = (await client.get(house.prefix + "pilots?a=1&b=2")).text
    assert re.findall(r'name="language" value="\w\w" lang="(\w\w)"[^>]*>(\w+)<', text) == list(words.LANGUAGES.items())
    assert f'name="back" value="{house.prefix}pilots?a=1&amp;b=2"' in text


@pytest.mark.parametrize(
    "back",
    ["", "https://elsewhere.example/", "//elsewhere.example", "/hub/logout", "/services/lobby/\\elsewhere", "pilots"],
)
async def test_nobody_is_led_elsewhere(house: House, back: str) -> None:
    async with house.browser("maja") as client:
        form = {"language": "sv", "back": back}
        answer = await client.post(house.prefix + "language", data=form, headers={"Origin": house.origin})
        assert (answer.status_code, answer.headers["location"]) == (303, house.prefix)


async def test_a_line_break_ends_no_header(house: House) -> None:
    async with house.browser("maja") as client:
        form = {"language": "sv", "back": house.prefix + "x\r\nSet-Cookie: a=b"}
        answer = await client.post(house.prefix + "language", data=form, headers={"Origin": house.origin})
        assert answer.headers["location"] == house.prefix


@pytest.mark.parametrize(
    ("form", "status"),
    [({"language": "fi"}, 400), ({"language": ""}, 422), ({"language": "sv; domain=x"}, 400), ({}, 422)],
    ids=["not ours", "empty", "more than a name", "none"],
)
async def test_a_choice_that_is_none_changes_nothing(house: House, form: dict[str, str], status: int) -> None:
    async with house.browser("maja") as client:
        answer = await client.post(house.prefix + "language", data=form, headers={"Origin": house.origin})
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers


async def test_another_site_cannot_choose(house: House) -> None:
    async with house.browser("maja") as client:
        sent = {"Origin": "http://ws-knee-mr.kontor.localhost:8000"}
        answer = await client.post(house.prefix + "language", data={"language": "sv"}, headers=sent)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_the_answer_to_a_form_leads_back_to_the_page_of_the_form(house: House) -> None:
    async with house.browser("maja") as client:
        sent = {"Origin": house.origin, "Referer": f"{house.origin}{house.prefix}pilots?a=1"}
        refused = await client.post(house.prefix + "language", data={"language": "fi"}, headers=sent)
        assert f'name="back" value="{house.prefix}pilots?a=1"' in refused.text
        sent = {"Origin": house.origin, "Referer": "https://elsewhere.example/x"}
        refused = await client.post(house.prefix + "language", data={"language": "fi"}, headers=sent)
        assert f'name="back" value="{house.prefix}"' in refused.text


# -- the hub ----------------------------------------

HUB = {
    "templates/page.html": '<html lang="en">{% block main %}{% endblock %}',
    "page.html": '{% extends "templates/page.html" %}{% block main %}{{ _("Skip to content") }}{% endblock %}',
}


class HubPage(RequestHandler):
    """As the hub makes pages: rendered by Jinja in the handler's task, errors in its synchronous twin."""

    def jinja(self, *, wait: bool) -> Environment:
        return Environment(loader=DictLoader(HUB), autoescape=True, enable_async=wait, extensions=[HubWords])

    async def get(self, path: str) -> None:
        await asyncio.sleep(0)
        if path == "broken":
            raise RuntimeError
        self.write(await self.jinja(wait=True).get_template("page.html").render_async())

    def write_error(self, status_code: int, **kwargs: object) -> None:
        self.finish(self.jinja(wait=False).get_template("page.html").render())


@pytest.mark.usefixtures("swedish")
async def test_the_pages_of_the_hub_follow() -> None:
    socket, port = bind_unused_port()
    server = HTTPServer(Application([("/(.*)", HubPage)], transforms=[LanguageOf], log_function=lambda _: None))
    server.add_socket(socket)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            for path in ("/hub/login", "/broken"):
                answer = await client.get(path, headers={"Accept-Language": "sv"})
                assert language_of_page(answer) == "sv"
                assert "Till innehållet" in answer.text
                answer = await client.get(path, headers={"Accept-Language": "sv", "Cookie": "kontor-language=de"})
                assert language_of_page(answer) == "de"
                assert language_of_page(await client.get(path)) == "en"
            api = await client.get("/hub/api/users", headers={"Accept-Language": "sv"})
            assert 'lang="en"' in api.text
    finally:
        server.stop()
        await server.close_all_connections()


@pytest.mark.usefixtures("swedish")
@pytest.mark.parametrize(
    ("page", "main"), [("login.html", '<main id="main">'), ("token.html", '<main id="main" lang="en">')], ids=str
)
def test_the_hubs_own_templates_say_their_language(page: str, main: str) -> None:
    with words.language_is("sv"):
        text = render(page)
    assert '<html lang="sv">' in text
    assert "Till innehållet" in text
    assert main in text
    assert '<html lang="en">' in render(page)
