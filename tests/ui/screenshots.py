"""Takes the pictures of the README from a tree that runs: `python -m tests.ui.screenshots STATE`.

Maja and Jonas are in one workspace; her window is the picture of the workspace, with the notebook of the technique
run on the pilot's cluster.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import async_playwright, expect

from kontor.site import Site
from tests.tree import Tree
from tests.ui.browser import PATIENCE, Screen, launch

PICTURES = Path(__file__).parent / "pictures"
PILOT = "Cartilage under load"
NOTEBOOK = "10-mr-volume.ipynb"


async def main(state: Path) -> None:
    tree = Tree(Site.load(state))
    PICTURES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        screens = []
        for persona in ("maja", "jonas"):
            context = await browser.new_context(viewport={"width": 1360, "height": 860})
            screens.append(Screen(tree, await context.new_page(), persona))
        maja, jonas = screens
        await maja.sign_in()
        await jonas.sign_in()
        await jonas.open_workspace(PILOT)
        await jonas.open_file(NOTEBOOK)
        await expect(maja.page.get_by_text("One other person is at work")).to_be_visible(timeout=PATIENCE)
        await maja.page.screenshot(path=PICTURES / "lobby.png")
        await maja.page.get_by_role("link", name="Consortium", exact=True).first.click()
        await maja.page.screenshot(path=PICTURES / "consortium.png")
        await maja.page.get_by_role("link", name="Lobby", exact=True).click()
        await maja.page.get_by_role("link", name=PILOT).first.click()
        await maja.page.wait_for_load_state("networkidle")
        await maja.page.screenshot(path=PICTURES / "pilot.png")
        await maja.page.get_by_role("button", name="Open workspace").first.click()
        await maja.page.wait_for_url("**/lab/**", timeout=PATIENCE)
        await maja.open_file(NOTEBOOK)
        await maja.page.locator("li[data-id='kontor-pilots']").click()
        await maja.run_all()
        await expect(maja.output.filter(has_text="Connected:")).to_be_visible(timeout=4 * PATIENCE)
        await expect(maja.page.locator(".jp-InputPrompt").filter(has_text="[*]")).to_have_count(0, timeout=4 * PATIENCE)
        await expect(maja.page.locator("#kontor-pilots")).to_contain_text("running", timeout=PATIENCE)
        pictures = maja.output.locator("img")
        await expect(pictures.last).to_be_visible(timeout=PATIENCE)
        await pictures.first.scroll_into_view_if_needed()
        await maja.page.screenshot(path=PICTURES / "workspace.png")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
