"""Two people at two screens: Debian's Chromium, one context for each person."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass

from playwright.async_api import Browser, Locator, Page, Playwright, expect

from tests.tree import Tree

# no talk with the outside, and no sandbox for root (which CI is)
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000


def chromium() -> str:
    """Path of Debian's Chromium (`.ci/install chromium`)."""
    path = os.environ.get("KONTOR_CHROMIUM") or shutil.which("chromium")
    assert path, "Chromium is missing: run `.ci/install chromium`"
    return path


async def launch(playwright: Playwright) -> Browser:
    return await playwright.chromium.launch(executable_path=chromium(), args=SWITCHES)


@dataclass
class Screen:
    """A person's browser window."""

    tree: Tree
    page: Page
    persona: str

    async def sign_in(self) -> None:
        """From the front door to the lobby, as a newcomer clicks."""
        await self.page.goto(self.tree.site.public_url)
        await self.page.get_by_role("link", name=re.compile("Sign in")).click()
        await self.page.locator(f"button[value={self.persona}]").click()
        await self.page.wait_for_url(re.compile("^" + re.escape(self.tree.site.service_public_url)))

    async def open_workspace(self, title: str) -> None:
        """Press *Open workspace* beside a pilot and wait for its JupyterLab."""
        row = self.page.get_by_role("listitem").filter(has_text=title)
        await row.get_by_role("button", name="Open workspace").click()
        await self.until_lab()

    async def until_lab(self) -> None:
        """Wait for JupyterLab with its files."""
        await self.page.wait_for_url(re.compile(r"/lab"), timeout=PATIENCE)
        await expect(self.page.locator("#jp-top-panel")).to_be_visible(timeout=PATIENCE)
        await expect(self.page.locator(".jp-DirListing-item[title^='Name: ']").first).to_be_visible(timeout=PATIENCE)

    async def new_notebook(self) -> str:
        """Make a notebook from the launcher; its name."""
        await self.page.locator(".jp-LauncherCard[data-category=Notebook]").first.click()
        await self.until_notebook()
        label = self.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current .lm-TabBar-tabLabel")
        await expect(label).to_contain_text(".ipynb")
        return await label.inner_text()

    async def open_file(self, name: str) -> None:
        """Double-click a file in the file browser."""
        entry = self.page.locator(f".jp-DirListing-item[title^='Name: {name}']")
        await expect(entry).to_be_visible(timeout=PATIENCE)
        await entry.dblclick()
        await self.until_notebook()

    async def until_notebook(self) -> None:
        cell = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").first
        await expect(cell).to_be_visible(timeout=PATIENCE)

    def cell(self, number: int) -> Locator:
        """The editor of a cell of the notebook in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell .cm-content").nth(number)

    @property
    def output(self) -> Locator:
        """All that cells of the notebook in front have put out."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output")

    async def write(self, number: int, text: str) -> None:
        """Type at the end of a cell."""
        await self.cell(number).click()
        await self.page.keyboard.press("Control+End")
        await self.page.keyboard.insert_text(text)

    async def run_all(self) -> None:
        """*Run*, *Run All Cells* from the menu."""
        await self.page.get_by_role("menuitem", name="Run", exact=True).click()
        await self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    async def run(self, number: int) -> None:
        """Run a cell."""
        await self.cell(number).click()
        await self.page.keyboard.press("Control+Enter")
