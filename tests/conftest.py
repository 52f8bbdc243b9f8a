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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts real parts, so that the quick tier can leave it out; the tree must be marked by hand."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & REAL_PARTS:
            item.add_marker(pytest.mark.part)
        assert "tree" not in fixtures or item.get_closest_marker("tree"), f"mark {item.nodeid} with pytest.mark.tree"
