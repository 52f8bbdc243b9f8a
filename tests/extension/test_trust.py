"""Which notebooks are trusted when they are opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat.sign import MemorySignatureStore, NotebookNotary
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kontor_lab.trust import trust_without_outputs


@pytest.fixture
def notary(tmp_path: Path) -> NotebookNotary:
    found = NotebookNotary(store_factory=MemorySignatureStore, secret_file=str(tmp_path / "secret"))
    trust_without_outputs(found)
    trust_without_outputs(found)
    return found


def test_a_notebook_without_outputs_is_trusted(notary: NotebookNotary) -> None:
    assert notary.check_signature(new_notebook(cells=[new_markdown_cell("# hello"), new_code_cell("1 + 1")]))


def test_one_that_brings_outputs_needs_a_signature(notary: NotebookNotary) -> None:
    script = new_output("display_data", {"text/html": "<script>alert(1)</script>"})
    notebook = new_notebook(cells=[new_code_cell("", outputs=[script])])
    assert not notary.check_signature(notebook)
    notary.sign(notebook)
    assert notary.check_signature(notebook)
