"""Configuration of JupyterHub: reads the installation, applies it. Every decision is in `kontor.configure`."""

import os
from pathlib import Path

from kontor.configure import apply
from kontor.site import Site

apply(Site.load(Path(os.environ["KONTOR_STATE"])), c)  # noqa: F821
