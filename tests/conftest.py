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


#: Fixtures that start a real part of the house: object store, gateway, issuer, lab.
REAL_PARTS = {"store", "start", "gateway", "own_gateway", "issuer", "running_lab", "plain_lab"}


#: Fixtures that make the whole service with a seeded database, and the files of such tests that the quick tier runs.
HOUSES = {"house", "served", "lived", "leads_both", "in_mode"}
QUICK_PAGES = {"test_pages.py", "test_authorisation.py", "test_lobby.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts real parts or makes the whole service, so that the quick tier can leave it out.

    The tree must be marked by hand.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & REAL_PARTS:
            item.add_marker(pytest.mark.part)
        if fixtures & HOUSES and item.path.name not in QUICK_PAGES:
            item.add_marker(pytest.mark.page)
        assert "tree" not in fixtures or item.get_closest_marker("tree"), f"mark {item.nodeid} with pytest.mark.tree"
