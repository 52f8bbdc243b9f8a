"""Everybody can use every page: WCAG 2.2 AA as far as axe sees it, by keyboard, on a narrow screen, with large text.

The pages of the service come from the house of `tests/hub/web`, those of the hub from its templates, both in a real
browser. Each page is looked at in light and in dark.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route

from kontor.web import look
from tests.hub.web.conftest import a_house, small_hub
from tests.hub.web.every_page import PAGES, furnish, links, pages_without_a_row
from tests.hub.web.served import Served, serving
from tests.hub.web.test_look import OVERRIDDEN, STOCK, render
from tests.ui.axe import violations

pytestmark = pytest.mark.browser
THEMES = ("light", "dark")
NEVER_ANSWERED = "http://hub.kontor.localhost:9/hub/"

IDS = [f"{persona or 'nobody'} at {path or 'the lobby'}" for persona, path, _status in PAGES]

FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const again = one.dataset.reached === "yes";  // a part of a field, such as the month of a date, marks itself
  one.dataset.reached = "yes";
  const drawn = one.closest("svg") && [...one.children].map(part => getComputedStyle(part)).some(part =>
    (part.stroke !== "none" && parseFloat(part.strokeWidth) >= 2) || part.textDecorationLine === "underline");
  return {
    again,
    what: one.outerHTML.slice(0, 160),
    ring: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || drawn,
    seen: box.width > 4 && box.height > 4 && box.right > 0 && box.bottom > 0,
  };
}"""
NOT_REACHED = """() => [...document.querySelectorAll(
  "a[href], button, input, select, textarea, summary, [tabindex='0']"
)].filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== "hidden"
  && one.type !== "radio" && one.tabIndex >= 0 && !one.closest("[inert]") && one.dataset.reached !== "yes")
  .map(one => one.outerHTML.slice(0, 160))"""
UNNAMED = """() => [...document.querySelectorAll("input, select, textarea")].filter(one =>
  !["hidden", "submit", "button"].includes(one.type) && !(one.labels && one.labels.length)
  && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby")).map(one => one.outerHTML.slice(0, 160))"""
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = one => one && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
  return [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > width + 1 && !scrolls(one.parentElement))
    .map(one => one.outerHTML.slice(0, 160)).slice(0, 5);
}"""


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """What stands for the names in paths."""
    return {}


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory, names: dict[str, str]) -> AsyncIterator[Served]:
    """One house for all tests of this module, which only look at it."""
    with small_hub() as hub:
        async with a_house(tmp_path_factory.mktemp("house"), hub) as house:
            names.update(furnish(house), **await links(house))
            async with serving(house) as one:
                yield one


Opener = Callable[..., Awaitable[Page]]


@pytest.fixture
async def opened(served: Served, browser: Browser, names: dict[str, str]) -> AsyncIterator[Opener]:
    """Opens a page of the service for a persona in a window of its own."""
    contexts = []

    async def open_page(persona: str | None, path: str, status: int = 200, **options: object) -> Page:
        context = await served.context(browser, persona, **{"bypass_csp": True, **options})
        contexts.append(context)
        page = await context.new_page()
        address = served.url + path.format_map(names)
        answer = await page.goto(address)
        assert answer
        assert (answer.status, page.url) == (status, address)
        assert await page.locator("h1").count() == 1
        return page

    yield open_page
    for context in contexts:
        await context.close()


def test_every_page_is_looked_at(served: Served) -> None:
    assert pages_without_a_row(served.house) == set()


@pytest.mark.parametrize(("persona", "path", "status"), PAGES, ids=IDS)
async def test_axe_finds_nothing(opened: Opener, persona: str | None, path: str, status: int) -> None:
    found = []
    page = await opened(persona, path, status)
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        await page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
        found += [f"{theme}: {line}" for line in await violations(page)]
    assert not found, "\n".join(found)


async def test_axe_would_find_something(opened: Opener) -> None:
    page = await opened("maja", "")
    await page.evaluate("""() => {
      document.documentElement.removeAttribute("lang");
      document.querySelector("main").insertAdjacentHTML("beforeend", '<img src="x"><input><button></button>');
    }""")
    assert {line.split(":")[0] for line in await violations(page)} >= {
        "html-has-lang",
        "image-alt",
        "label",
        "button-name",
    }


@pytest.mark.parametrize(("persona", "path", "status"), PAGES, ids=IDS)
async def test_a_page_is_used_by_keyboard_alone(opened: Opener, persona: str | None, path: str, status: int) -> None:
    """Tab reaches everything that can be operated, shows where it is, and comes out at the end."""
    page = await opened(persona, path, status)
    assert await page.evaluate(UNNAMED) == []
    await page.keyboard.press("Tab")
    first = await page.evaluate(FOCUS)
    assert "#main" in first["what"]
    steps = 1
    while step := await page.evaluate(FOCUS):
        assert step["ring"] or step["again"], step["what"]
        assert step["seen"], step["what"]
        steps += 1
        assert steps < 400, f"Tab does not leave {step['what']}"
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('.skip')"):
            break
    assert await page.evaluate(NOT_REACHED) == []


async def test_the_skip_link_leads_to_the_content(opened: Opener) -> None:
    page = await opened("maja", "pilots/knee-mr")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize(("persona", "path", "status"), PAGES, ids=IDS)
async def test_a_page_fits_a_narrow_screen_and_large_text(
    opened: Opener, persona: str | None, path: str, status: int
) -> None:
    """320 CSS pixels (WCAG 1.4.10), and text of twice the size (1.4.4): nothing makes the page scroll sideways.

    In German, whose words are the longest.
    """
    page = await opened(persona, path, status, viewport={"width": 320, "height": 700}, locale="de-DE")
    assert await page.evaluate(TOO_WIDE) == []
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.add_style_tag(content="html { font-size: 200% }")
    assert await page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("language", ["sv", "de"])
async def test_the_switch_of_languages_works_without_scripts(served: Served, browser: Browser, language: str) -> None:
    context = await served.context(browser, "maja", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(served.url + "pilots/knee-mr?from=here")
    await page.locator(f"footer button[value={language}]").click()
    assert page.url == served.url + "pilots/knee-mr?from=here"
    assert await page.locator("html").get_attribute("lang") == language
    assert await page.locator("footer [aria-current]").get_attribute("value") == language
    kept = {cookie["name"]: cookie for cookie in await context.cookies()}["kontor-language"]
    assert kept["domain"] == ".kontor.localhost"
    await context.close()


# -- the hub ----------------------------------------

LOOKS = {
    **{name: (name, {}) for name in OVERRIDDEN if name not in {"404.html", "admin.html"}},
    "somebody who is not signed in": ("login.html", {"user": None, "kontor_person": None}),
    "a refused sign-in": ("error.html", {"user": None, "kontor_person": None, "status_code": 403, "message": "No."}),
}


@pytest.fixture
async def hub_page(browser: Browser) -> AsyncIterator[Opener]:
    """Opens a page of the hub, made from its template, with the hub's own scripts and styles."""
    contexts = []

    async def open_page(name: str, **options: object) -> Page:
        template, values = LOOKS[name]

        async def answer(route: Route) -> None:
            path = route.request.url.removeprefix(NEVER_ANSWERED).split("?")[0]
            for prefix, folder in (("look/", look.STATIC), ("static/", STOCK / "static")):
                if path.startswith(prefix) and (file := folder / path.removeprefix(prefix)).is_file():
                    await route.fulfill(path=str(file), content_type=_type(file))
                    return
            if path:
                await route.abort()
            else:
                await route.fulfill(body=render(template, **values), content_type="text/html")

        context = await browser.new_context(bypass_csp=True, **options)
        contexts.append(context)
        await context.route("**/*", answer)
        page = await context.new_page()
        await page.goto(NEVER_ANSWERED, wait_until="load")
        return page

    yield open_page
    for context in contexts:
        await context.close()


def _type(file: Path) -> str:
    return {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}.get(file.suffix, "font/woff2")


@pytest.mark.parametrize("name", LOOKS)
async def test_axe_finds_nothing_on_the_hubs_pages(hub_page: Opener, name: str) -> None:
    found = []
    for theme in THEMES:
        page = await hub_page(name, color_scheme=theme)
        assert await page.evaluate("getComputedStyle(document.body).fontFamily") != "Times"
        found += [f"{theme}: {line}" for line in await violations(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", LOOKS)
async def test_the_hubs_pages_fit_a_narrow_screen(hub_page: Opener, name: str) -> None:
    page = await hub_page(name, viewport={"width": 320, "height": 700})
    assert await page.evaluate(TOO_WIDE) == []
