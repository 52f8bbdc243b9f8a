"""Notebooks as they are kept: no outputs, cell ids, a title first, and no word that is out of date."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from kontor.data.samples import samples

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def test_there_is_one_for_each_technique() -> None:
    assert NOTEBOOKS == [
        "01-first-steps.ipynb",
        "10-mr-volume.ipynb",
        "20-cryoem-micrograph.ipynb",
        "30-mass-spectrometry.ipynb",
        "40-neutron-nexus.ipynb",
    ]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_form(name: str) -> None:
    notebook = nbformat.read(FOLDER / name, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    for cell in notebook.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_each_data_set_has_a_notebook_that_says_where_it_is_from() -> None:
    texts = {name: (FOLDER / name).read_text(encoding="utf-8") for name in NOTEBOOKS}
    for sample in samples():
        using = [text for text in texts.values() if f'open_dataset(\\"{sample.id}\\")' in text]
        assert len(using) == 1, sample.id
        assert "What these data are, honestly" in using[0]
        assert 'attrs[\\"origin\\"]' in using[0]


def test_readme_lists_them_and_their_data_sets() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"`([\w-]+\.ipynb)`", readme) == NOTEBOOKS
    for sample in samples():
        assert f"`{sample.id}`" in readme
