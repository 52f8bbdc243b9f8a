"""Hostile notebooks in a real Chromium: nothing in them runs, is loaded or read, behind each wall alone."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from playwright.async_api import BrowserContext, Frame, Page, async_playwright

from kontor.web import rendering
from tests.hub.web.documents import DOT, code, furnish, markdown, notebook, shows
from tests.hub.web.house import House
from tests.ui.browser import launch
from tests.waiting import until

pytestmark = pytest.mark.browser
PAGE = "pilots/knee-mr/files/results/hostile.ipynb"
FRAME = "pilots/knee-mr/rendered/results/hostile.ipynb"
HIT = "fetch('/services/lobby/pwned?' + document.cookie); parent.pwned = top.pwned = 1; alert(1)"
ATTACKS = [
    f"<script>{HIT}</script>",
    f'<img src="x" onerror="{HIT}">',
    f'<svg onload="{HIT}"><script>{HIT}</script></svg>',
    f'<svg><animate onbegin="{HIT}" attributeName="x" dur="1s"/></svg>',
    f'<math><mtext><table><mglyph><style><img src="x" onerror="{HIT}"></style></mglyph></table></mtext></math>',
    f'<details open ontoggle="{HIT}">x</details>',
    f'<input autofocus onfocus="{HIT}">',
    f'<a id="js" href="javascript:{HIT}">Click me</a>',
    f'<a href="data:text/html,<script>{HIT}</script>">data</a>',
    '<meta http-equiv="refresh" content="0; url=/services/lobby/pwned?refresh">',
    '<form id="form" action="/services/lobby/pwned"><button id="send">Send</button></form>',
    '<iframe src="/services/lobby/pwned?iframe"></iframe>',
    f'<iframe srcdoc="<script>{HIT}</script>"></iframe>',
    '<object data="/services/lobby/pwned?object"></object>',
    '<embed src="/services/lobby/pwned?embed">',
    '<link rel="stylesheet" href="/services/lobby/pwned?link">',
    "<style>@import url(/services/lobby/pwned?import); body { background: url(/services/lobby/pwned?style) }</style>",
    '<img src="/services/lobby/pwned?img">',
    '<video src="/services/lobby/pwned?video" autoplay></video>',
    '<p style="background-image: url(/services/lobby/pwned?css)">x</p>',
    f'<base href="/services/lobby/pwned/"><img src="x" onerror="{HIT}">',
]
RAW = "\n".join(ATTACKS) + '<h2>The end</h2><a id="out" target="_blank" href="/services/lobby/api/health">out</a>'


def hostile() -> str:
    """Each attack in each place where a notebook can have HTML, and honest content between."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{HIT}"><script>{HIT}</script></svg>'
    cells: list[dict[str, Any]] = [markdown(attack) for attack in ATTACKS]
    cells += [code("x", shows(text_html=attack)) for attack in ATTACKS]
    cells += [
        code("x", shows({"text/html": {"isolated": True}}, text_html=f"<script>{HIT}</script>")),
        code("x", shows(application_javascript=HIT)),
        code("x", shows(image_svg__xml=svg)),
        code("x", shows({"image/png": {"width": f"1 onload={HIT}"}}, image_png=base64.b64encode(DOT).decode())),
        code("x", shows({"image/png": {"alt": f'" onload="{HIT}'}}, image_png=f'x" onerror="{HIT}')),
        code(f"</pre><script>{HIT}</script>", {"output_type": "stream", "name": "stdout", "text": ATTACKS[0]}),
        code("x", {"output_type": "error", "ename": ATTACKS[0], "evalue": "", "traceback": [ATTACKS[0]]}),
        {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": ATTACKS[0]},
        markdown("## The end"),
    ]
    found = json.loads(notebook(*cells))
    found["metadata"] = {"language_info": {"name": f"x'><script>{HIT}</script>"}, "title": ATTACKS[0]}
    return json.dumps(found)


@dataclass
class Screen:
    """A signed-in browser, and what reached the server of what should not."""

    address: str
    context: BrowserContext
    page: Page
    hits: list[str]
    dialogs: list[str] = field(default_factory=list)

    async def open(self, path: str) -> Frame:
        """Open a page of the service; the frame with the notebook in it, or the page itself if that is it."""
        self.page.on("dialog", self._dismiss)
        await self.page.goto(self.address + path)
        element = self.page.locator("iframe.document")
        if not await element.count():
            return self.page.main_frame
        frame = await (await element.element_handle()).content_frame()
        assert frame is not None
        await frame.wait_for_load_state()
        return frame

    async def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    async def assert_nothing_happened(self, path: str) -> None:
        await self.page.wait_for_load_state("networkidle")
        assert self.hits == []
        assert self.dialogs == []
        assert self.page.url == self.address + path
        assert await self.page.evaluate("window.pwned") is None


@pytest.fixture
async def screen(house: House) -> AsyncIterator[Screen]:
    hits: list[str] = []

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        if "pwned" in scope.get("path", ""):
            hits.append(f"{scope['path']}?{scope['query_string'].decode()}")
        await house.app(scope, receive, send)

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    server = Server(uvicorn.Config(watched, host="127.0.0.1", port=0, lifespan="off", log_level="warning"))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started, "the service listens")
    port = server.servers[0].sockets[0].getsockname()[1]
    origin = f"http://{house.site.service_public_url.split('/')[2].split(':')[0]}:{port}"
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        context = await browser.new_context()
        sealed = house.app.state.signin._sessions.close({"token": house.tokens["anke"]})
        await context.add_cookies(
            [
                {"name": "kontor-session", "value": sealed, "url": origin, "httpOnly": True},
                {"name": "readable", "value": "secret", "url": origin},
            ]
        )
        yield Screen(origin + house.prefix, context, await context.new_page(), hits)
        await browser.close()
    server.should_exit = True
    await task


def put(house: House, content: str) -> None:
    (furnish(house) / "results" / "hostile.ipynb").write_text(content)


async def test_a_hostile_notebook_does_nothing(house: House, screen: Screen) -> None:
    put(house, hostile())
    frame = await screen.open(PAGE)
    assert await frame.locator("h2", has_text="The end").is_visible()
    assert (
        await frame.locator("script, iframe, form, input, meta[http-equiv], object, embed, svg, base, link").count()
        == 0
    )
    assert "Click me" in await frame.locator("body").inner_text()
    await screen.assert_nothing_happened(PAGE)


async def test_honest_notebooks_are_whole(house: House, screen: Screen) -> None:
    table = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1.5</td></tr></tbody></table>"
    cells = [
        markdown("# Title\n\n[out](http://example.invalid/x) and **bold**"),
        code("print(1)", {"output_type": "stream", "name": "stdout", "text": "hello"}),
        code("df", shows(text_html=f"<style>td {{ color: red }}</style>{table}", text_plain="plain")),
        code("plot", shows(image_png=base64.b64encode(DOT).decode())),
        code("w", shows(application_javascript="1")),
        markdown("![dot](attachment:dot.png)", attachments={"dot.png": {"image/png": base64.b64encode(DOT).decode()}}),
    ]
    put(house, notebook(*cells))
    frame = await screen.open(PAGE)
    assert await frame.locator("h1").inner_text() == "Title"
    assert await frame.locator("td").inner_text() == "1.5"
    assert "color: red" not in await frame.locator("body").inner_text()
    assert "hello" in await frame.locator("pre").all_inner_texts()
    assert "Something that moves stood here" in await frame.locator(".live").inner_text()
    widths = await frame.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert widths == [1, 1]


@pytest.fixture
def uncleaned(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cleaning has failed: the notebook's HTML comes as it is."""
    put(house, notebook())
    monkeypatch.setattr(house.app.state.notebooks, "body", lambda opened, person: RAW)


@pytest.mark.usefixtures("uncleaned")
@pytest.mark.parametrize(
    ("path", "policy"),
    [
        pytest.param(PAGE, rendering.POLICY, id="policy and frame"),
        pytest.param(FRAME, rendering.POLICY, id="policy alone, opened outside its page"),
        pytest.param(PAGE, "default-src 'none'; frame-ancestors 'self'", id="frame without the policy's sandbox"),
    ],
)
async def test_without_cleaning_nothing_runs_either(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, path: str, policy: str
) -> None:
    monkeypatch.setattr(rendering, "POLICY", policy)
    frame = await screen.open(path)
    assert await frame.locator("h2", has_text="The end").is_visible()
    for button in ("#js", "#send"):
        await frame.locator(button).click()
    await screen.assert_nothing_happened(path)


@pytest.mark.usefixtures("uncleaned")
async def test_the_attacks_are_real(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any wall they succeed, so the tests above can fail."""
    monkeypatch.setattr(rendering, "POLICY", "default-src * 'unsafe-inline' data:")
    with contextlib.suppress(Exception):  # the page is torn away while it loads
        await screen.open(FRAME)
    await until(lambda: any("readable=secret" in hit for hit in screen.hits), "a script reads a cookie")
    await until(lambda: any("refresh" in hit for hit in screen.hits), "the page is led away")


@pytest.mark.usefixtures("uncleaned")
async def test_links_open_elsewhere_and_know_nothing_of_us(screen: Screen) -> None:
    frame = await screen.open(PAGE)
    async with screen.context.expect_page() as opened:
        await frame.locator("#out").click()
    other = await opened.value
    await other.wait_for_load_state()
    assert other.url.endswith("/api/health")
    assert await other.evaluate("[window.opener === null, document.referrer]") == [True, ""]
