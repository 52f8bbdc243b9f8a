"""Checkpoints lie in the lab's private folder, one for each notebook, and never among the files."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError

from kontor_lab.checkpoints import CheckpointsElsewhere


@pytest.fixture
def contents(tmp_path: Path) -> AsyncLargeFileManager:
    (tmp_path / "files" / "results").mkdir(parents=True)
    manager = AsyncLargeFileManager(root_dir=str(tmp_path / "files"), checkpoints_class=CheckpointsElsewhere)
    manager.checkpoints.checkpoint_dir = str(tmp_path / "kept")
    return manager


async def test_two_notebooks_of_one_name_have_checkpoints_of_their_own(
    contents: AsyncLargeFileManager, tmp_path: Path
) -> None:
    for path in ("note.txt", "results/note.txt"):
        (tmp_path / "files" / path).write_text(path)
        await contents.create_checkpoint(path)
        (tmp_path / "files" / path).write_text("spoilt")
    for path in ("note.txt", "results/note.txt"):
        (found,) = await contents.list_checkpoints(path)
        await contents.restore_checkpoint(found["id"], path)
        assert (tmp_path / "files" / path).read_text() == path
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {
        "files/note.txt",
        "files/results/note.txt",
        "kept/note-checkpoint.txt",
        "kept/results/note-checkpoint.txt",
    }


async def test_a_checkpoint_goes_with_its_file(contents: AsyncLargeFileManager, tmp_path: Path) -> None:
    (tmp_path / "files" / "a.txt").write_text("a")
    await contents.create_checkpoint("a.txt")
    await contents.rename("a.txt", "results/b.txt")
    assert [one["id"] for one in await contents.list_checkpoints("results/b.txt")] == ["checkpoint"]
    await contents.delete("results/b.txt")
    assert await contents.list_checkpoints("results/b.txt") == []


async def test_paths_outside_are_refused(contents: AsyncLargeFileManager) -> None:
    with pytest.raises(HTTPError):
        contents.checkpoints.checkpoint_path("checkpoint", "../../etc/passwd")
