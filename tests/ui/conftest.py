"""Fixtures of the browser tests: one browser, a screen for each person, a picture when a test fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.tree import Tree
from tests.ui.browser import Screen, launch

RESULTS = Path(__file__).parents[2] / "test-results"


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest.fixture
async def screen(
    tree: Tree, browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[Callable[[str], Awaitable[Screen]]]:
    """Makes a window of its own for a demo person, signed in."""
    screens: list[Screen] = []

    async def make(persona: str) -> Screen:
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        one = Screen(tree, await context.new_page(), persona)
        screens.append(one)
        await one.sign_in()
        return one

    yield make
    for one in screens:
        if getattr(request.node, "failed", False):
            RESULTS.mkdir(exist_ok=True)
            await one.page.screenshot(path=RESULTS / f"{request.node.name}-{one.persona}.png")
        await one.page.context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> object:
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
