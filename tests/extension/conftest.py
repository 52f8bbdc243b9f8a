"""One lab for the whole folder, connected to a stand-in of hub, service and gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.extension.lab import Lab, write_notebook
from tests.extension.standin import StandIn


@pytest.fixture(scope="session")
async def far_edge() -> AsyncIterator[StandIn]:
    standin = StandIn()
    await standin.start()
    yield standin
    await standin.stop()


@pytest.fixture(scope="session")
async def running_lab(far_edge: StandIn, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    address = f"http://127.0.0.1:{far_edge.port}"
    lab = Lab(
        Path(tmp_path_factory.mktemp("lab")),
        far_edge.port,
        KONTOR_API=f"{address}/api",
        KONTOR_PILOT="knee-mr",
        KONTOR_PUBLIC="http://lobby.kontor.localhost/services/lobby/",
        DASK_GATEWAY__ADDRESS=f"{address}/gateway",
    )
    await lab.start()
    yield lab
    await lab.stop()


@pytest.fixture
def standin(far_edge: StandIn) -> Iterator[StandIn]:
    """The stand-in with its usual answers."""
    far_edge.reset()
    yield far_edge
    far_edge.reset()


@pytest.fixture
def lab(running_lab: Lab, standin: StandIn) -> Lab:
    return running_lab


@pytest.fixture
def notebook(lab: Lab, request: pytest.FixtureRequest) -> str:
    """A notebook of its own for each test."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name) + ".ipynb"
    write_notebook(lab.home, name)
    return name


@pytest.fixture
async def plain_lab(standin: StandIn, tmp_path: Path) -> AsyncIterator[Lab]:
    """A lab that belongs to no Kontor."""
    lab = Lab(tmp_path / "plain", standin.port)
    await lab.start()
    yield lab
    await lab.stop()
