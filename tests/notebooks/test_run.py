"""Every notebook runs from top to bottom in its pilot's workspace, on a real cluster over the stored data."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.tree import Tree, environment_of_workspace, open_workspace

FOLDER = Path(__file__).parents[2] / "notebooks"
PILOT_OF = {
    "01-first-steps.ipynb": "knee-mr",
    "10-mr-volume.ipynb": "knee-mr",
    "20-cryoem-micrograph.ipynb": "membrane-proteins",
    "30-mass-spectrometry.ipynb": "sepsis-proteome",
    "40-neutron-nexus.ipynb": "battery-neutrons",
}


def test_all_are_run() -> None:
    assert sorted(PILOT_OF) == sorted(path.name for path in FOLDER.glob("*.ipynb"))


@pytest.mark.tree
@pytest.mark.parametrize("name", PILOT_OF)
async def test_runs_from_top_to_bottom(name: str, tmp_path: Path, tree: Tree) -> None:
    notebook = nbformat.read(FOLDER / name, as_version=4)
    await open_workspace(tree, PILOT_OF[name])
    environment = environment_of_workspace(PILOT_OF[name], tree)
    client = NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(tmp_path)}})
    async with asyncio.timeout(280), client.async_setup_kernel(env=environment):
        for index, cell in enumerate(notebook.cells):
            await client.async_execute_cell(cell, index)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    said = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    assert "image/png" in kinds, "there is a picture"
    if name != "01-first-steps.ipynb":
        assert "application/vnd.jupyter.widget-view+json" in kinds, "there is a slider"
        assert "Connected: " in said, "it ran on a cluster"
    assert not [output for output in outputs if output.output_type == "error"]
