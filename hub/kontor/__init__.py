"""Kontor: the meeting place and analysis lab of the Hanseatic Science Cloud.

In a notebook `import kontor` is all that is needed::

    data = kontor.open_dataset("knee-mr/brain-mr")
    client = kontor.connect_cluster()

Importing `kontor` loads nothing else: both are fetched when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kontor.lab.cluster import connect_cluster
    from kontor.lab.open import open_dataset

__version__ = "0.2.0"
__all__ = ["__version__", "connect_cluster", "open_dataset"]

_HOMES = {"open_dataset": "kontor.lab.open", "connect_cluster": "kontor.lab.cluster"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kontor' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
