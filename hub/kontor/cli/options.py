"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

DEFAULT_STATE = Path("state")

state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_STATE,
    show_default=True,
    help="Folder that holds everything Kontor must keep.",
)
