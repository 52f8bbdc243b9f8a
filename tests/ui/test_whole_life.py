"""The whole life of a pilot in real browsers: proposed, approved, joined by a guest, closed, archived, exported.

Maja, a radiologist, proposes; Henrik, a data steward, approves; Pia of a company without any account comes by a link,
writes in the same notebook and is removed while she looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from playwright.async_api import Page, expect

from kontor.database import now
from kontor.pilots.lifecycle import day_of
from tests.tree import Tree
from tests.ui.browser import PATIENCE, Screen

pytestmark = [pytest.mark.tree, pytest.mark.browser]

TITLE = "Sensors on the skin"
# as JupyterLab asks: with the token against forged requests
READ = """async address => {
  const token = /_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  try {
    const answer = await fetch(address, {headers: {"X-XSRFToken": token}, redirect: "manual"});
    return [answer.status, await answer.text()];
  } catch { return [-1, ""]; }
}"""
GONE_SECONDS = 10.0


async def test_a_pilot_from_proposal_to_archive(
    tree: Tree, screen: Callable[[str], Awaitable[Screen]], tmp_path: Path
) -> None:
    maja, henrik = await screen("maja"), await screen("henrik")
    pilot = await propose(maja)
    await approve(henrik, pilot)
    await start(maja, pilot)
    pia = await invite_and_join(maja, pilot, screen)
    name = await write_together(maja, pia, pilot)
    await remove_and_lose(maja, pia, pilot, name)
    await close_and_archive(maja, pilot)
    await export_log(henrik, pilot, tmp_path)


def lobby(screen: Screen, path: str = "") -> str:
    return screen.tree.site.service_public_url + path


async def propose(maja: Screen) -> str:
    """Fill in the form and send it; returns where the pilot is, below the lobby."""
    page = maja.page
    await page.goto(lobby(maja))
    await page.get_by_role("link", name="Propose a pilot").first.click()
    await page.get_by_label("Title").fill(TITLE)
    await page.get_by_label("What do you want to find out").fill("Does a plaster see swelling before us?")
    await page.get_by_label(re.compile("Skåne University Hospital")).check()
    await page.get_by_label(re.compile("DTU")).check()
    company = page.get_by_role("group", name="Other organisation 1")
    await company.get_by_label("Name").fill("Kieler Sensorik GmbH")
    await company.get_by_label("Country").select_option("DE")
    await page.get_by_label(re.compile("^standard")).check()
    today = day_of(now())
    await page.get_by_label("Agreement or ethics approval").fill("Ethics 2026-0201")
    await page.get_by_label("Last day of the agreement").fill((today + timedelta(days=400)).isoformat())
    await page.get_by_label("First day").fill((today + timedelta(days=1)).isoformat())
    await page.get_by_label("Last day", exact=False).last.fill((today + timedelta(days=200)).isoformat())
    await page.get_by_role("button", name="Look at it before sending").last.click()
    await expect(page.get_by_role("status")).to_contain_text("Nothing has been sent yet")
    await page.get_by_role("button", name="Send the proposal").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    await expect(page.get_by_text("No research facility takes part yet")).to_be_visible()
    await expect(page.get_by_role("button", name="Open workspace")).to_have_count(0)
    return page.url.removeprefix(lobby(maja)).partition("?")[0]


async def approve(henrik: Screen, pilot: str) -> None:
    page = henrik.page
    await page.goto(lobby(henrik, "proposals"))
    await page.locator(f"main a[href$='/{pilot}']").click()
    await page.get_by_label("Reason").fill("Good question, and the agreement is in order.")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("status").first).to_be_visible()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()


async def start(maja: Screen, pilot: str) -> None:
    """A day before its first day, because everybody is there already."""
    page = maja.page
    await page.goto(lobby(maja, pilot))
    await page.get_by_role("link", name="Start now").click()
    await page.get_by_role("button", name="Start now").click()
    await expect(page.get_by_role("button", name="Open workspace")).to_be_visible()


async def invite_and_join(maja: Screen, pilot: str, screen: Callable[[str], Awaitable[Screen]]) -> Screen:
    page = maja.page
    await page.goto(lobby(maja, f"{pilot}/people"))
    await page.get_by_role("link", name="Invite somebody").click()
    await page.get_by_label("For whom?").fill("Pia of the company")
    await page.get_by_label("Role", exact=True).select_option("editor")
    await page.get_by_role("button", name="Make the link").click()
    link = await page.locator("#link").inner_text()

    pia = await screen("pia")
    await expect(pia.page.get_by_role("heading", level=1)).to_contain_text("Welcome, Pia")
    await pia.page.goto(link)
    await pia.page.get_by_role("button", name="Ask to join").click()
    await expect(pia.page.get_by_text("waiting for Maja Lindqvist to say yes")).to_be_visible()

    await page.goto(lobby(maja, f"{pilot}/people"))
    waiting = page.get_by_role("listitem").filter(has_text="Pia Winter")
    await expect(waiting).to_contain_text("no partner of the consortium")
    await waiting.get_by_role("button", name="Yes, let in").click()
    await expect(page.get_by_role("listitem").filter(has_text="Pia Winter")).to_contain_text("guest of Maja Lindqvist")

    used = await pia.page.goto(link)
    assert used
    assert used.status == 404
    return pia


async def write_together(maja: Screen, pia: Screen, pilot: str) -> str:
    """Both write in a new notebook; returns its name."""
    for one in (maja, pia):
        await open_workspace(one, pilot)
    name = await maja.new_notebook()
    await pia.open_file(name)
    await maja.write(0, "# Maja begins\n")
    await expect(pia.cell(0)).to_contain_text("# Maja begins")
    await pia.write(0, "# Pia goes on\n")
    await expect(maja.cell(0)).to_contain_text("# Pia goes on")
    return name


async def remove_and_lose(maja: Screen, pia: Screen, pilot: str, name: str) -> None:
    """Pia's tab stays open on the notebook; within seconds it is a window to nothing."""
    contents = re.sub(r"/lab.*", "/api/contents", pia.page.url)
    before, listed = await read(pia.page, contents)
    assert (before, name in listed) == (200, True)
    page = await maja.page.context.new_page()
    await page.goto(lobby(maja, f"{pilot}/people"))
    member = page.get_by_role("listitem").filter(has_text="Pia Winter")
    await member.locator("summary").filter(has_text="Change").click()
    await member.get_by_role("link", name="Remove").click()
    await page.get_by_role("button", name="Remove Pia Winter").click()
    removed = monotonic()
    while (status := (await read(pia.page, contents))[0]) == 200:
        assert monotonic() - removed < GONE_SECONDS, "she can still read the files"
    print(f"the open tab was refused {monotonic() - removed:.1f} s after the removal (status {status})")
    await pia.page.keyboard.insert_text("# still here?")
    again = await pia.page.context.new_page()
    refused = await again.goto(re.sub(r"/lab.*", "/lab", pia.page.url))
    assert refused
    assert refused.status == 403
    closed = await again.goto(lobby(pia, pilot))
    assert closed
    assert closed.status == 403
    await open_workspace(maja, pilot)
    _, saved = await read(maja.page, f"{contents}/{name}")
    assert "Pia goes on" in saved
    assert "still here" not in saved
    await page.goto(lobby(maja, f"{pilot}/people"))
    await expect(page.locator("summary").filter(has_text="Change: Pia Winter")).to_have_count(0)
    await page.close()


async def open_workspace(one: Screen, pilot: str) -> None:
    await one.page.goto(lobby(one, pilot))
    await one.page.get_by_role("button", name="Open workspace").click()
    await one.until_lab()


async def read(page: Page, address: str) -> tuple[int, str]:
    """What the workspace answers to the JupyterLab of this tab, status and text; -1 if nobody answers."""
    status, text = await page.evaluate(READ, address)
    return int(status), str(text)


async def close_and_archive(maja: Screen, pilot: str) -> None:
    page = maja.page
    await page.goto(lobby(maja, pilot))
    for step, words in (("Close", "closing"), ("Archive", "archived")):
        await page.get_by_role("link", name=step, exact=True).click()
        await expect(page.get_by_role("listitem").first).to_be_visible()
        await page.get_by_label("Reason").fill("The question is answered: it does.")
        await page.get_by_role("button", name=step, exact=True).click()
        await expect(page.get_by_role("main")).to_contain_text(words)
        await expect(page.get_by_role("button", name="Open workspace")).to_have_count(0)


async def export_log(henrik: Screen, pilot: str, folder: Path) -> None:
    page = henrik.page
    await page.goto(lobby(henrik, f"{pilot}/log"))
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export as a document").click()
    path = folder / "log.html"
    await (await download.value).save_as(path)
    text = path.read_text(encoding="utf-8")
    for told in ("proposed the pilot", "approved the pilot", "Pia Winter joined", "removed Pia Winter", "is archived"):
        assert told in text, told
    assert "<script" not in text
    await expect(page.locator("body")).to_be_visible(timeout=PATIENCE)
