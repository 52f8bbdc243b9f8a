"""Checkpoints of notebooks, kept elsewhere than beside the notebooks.

Jupyter puts a folder `.ipynb_checkpoints` into every folder in which somebody saves; in a pilot's files it would be
shared, exported and counted with them. Here the same tree of folders is kept below one private folder of the lab.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from jupyter_core.utils import ensure_dir_exists
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints


class CheckpointsElsewhere(AsyncFileCheckpoints):  # type: ignore[misc]
    """Jupyter's file checkpoints below `checkpoint_dir`, which has to be an absolute path."""

    def checkpoint_path(self, checkpoint_id: str, path: str) -> str:
        """Where the checkpoint of a file is; its folder is made if it is not there.

        Raises
        ------
        HTTPError
            404 if `path` leads outside the lab's files, as Jupyter answers.
        """
        self._get_os_path(path.strip("/"))
        place = PurePosixPath("/", path.strip("/"))
        folder = os.path.join(self.checkpoint_dir, *place.parent.parts[1:])
        with self.perm_to_403():
            ensure_dir_exists(folder, mode=0o700)
        return os.path.join(folder, f"{place.stem}-{checkpoint_id}{place.suffix}")
