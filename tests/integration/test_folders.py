"""Rights in a pilot's folder are put right while Kontor runs, whoever makes a file there, and by whatever mode."""

from __future__ import annotations

import os

import pytest

from kontor.pilots.folders.acl import ACCESS
from tests.tree import Tree, open_workspace
from tests.waiting import until

pytestmark = pytest.mark.tree


async def test_a_private_file_in_a_pilots_folder_becomes_the_pilots(tree: Tree) -> None:
    await open_workspace(tree, "knee-mr")
    folder = tree.site.pilot_folders / "knee-mr" / "results"
    path = folder / "made-private.txt"
    path.touch(mode=0o600)
    try:
        await until(lambda: path.stat().st_mode & 0o070 == 0o060, "the keeper put the file right", seconds=30)
        assert ACCESS in os.listxattr(path)
        assert path.stat().st_mode & 0o007 == 0
    finally:
        path.unlink()


async def test_checkpoints_are_not_among_the_files(tree: Tree) -> None:
    await open_workspace(tree, "knee-mr")
    assert not list((tree.site.pilot_folders / "knee-mr").rglob(".ipynb_checkpoints"))
    assert (tree.site.kept_of_labs / "ws-knee-mr").is_dir()
