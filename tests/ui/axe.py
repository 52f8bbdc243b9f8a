"""axe-core in a page: what of WCAG 2.2 AA a machine can check.

The context of the page needs `bypass_csp=True`, because our pages let no script in but their own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

SOURCE = Path(__file__).parents[2] / "hub" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_RUN = """async (tags) => (await axe.run(document, {
  runOnly: { type: "tag", values: tags },
  rules: { "target-size": { enabled: true } },
  resultTypes: ["violations"],
})).violations"""


@cache
def source() -> str:
    assert SOURCE.is_file(), "axe-core is missing: run `make setup`"
    return SOURCE.read_text(encoding="utf-8")


async def violations(page: Page) -> list[str]:
    """What is wrong with a page: a line for each element."""
    if not await page.evaluate("typeof axe !== 'undefined'"):
        await page.evaluate(source())
    return [line for rule in await page.evaluate(_RUN, TAGS) for line in _lines(rule)]


def _lines(rule: dict[str, Any]) -> list[str]:
    return [f"{rule['id']}: {node['target'][0]}: {_first(node)}" for node in rule["nodes"]]


def _first(node: dict[str, Any]) -> str:
    """Why, in one line."""
    return str(node["failureSummary"]).split("\n", 1)[-1].strip().split("\n")[0]
