"""What several tiers share: the running tree (session-wide; started once, by the first test that asks)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kontor.site import Site
from tests.tree import Tree, resolve_localhost

resolve_localhost()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--state",
        help="use the tree that `make up` runs from this folder, instead of starting one (for the daily loop)",
    )


@pytest.fixture(scope="session")
async def tree(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[Tree]:
    """`kontor up` with the demo people, pilots and data, as a newcomer has it."""
    if state := request.config.getoption("--state"):
        yield Tree(Site.load(Path(state)))
        return
    running = await Tree.start(Path(tmp_path_factory.mktemp("house")) / "state")
    yield running
    assert await running.stop() == 0, "\n".join(running.said)


@pytest.fixture(autouse=True)
def _browser_tests_are_marked(request: pytest.FixtureRequest) -> None:
    """A test that uses the tree must say so, or the quick tier would start it."""
    if "tree" in request.fixturenames:
        assert request.node.get_closest_marker("tree"), "mark this test with pytest.mark.tree"
