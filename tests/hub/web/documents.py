"""A pilot's folder with documents in it, for tests of files and share links."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from kontor.people import store as people
from kontor.pilots import members
from kontor.pilots.model import PilotRow
from tests.hub.web.house import House, account

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def notebook(*cells: dict[str, Any]) -> str:
    """A notebook with these cells."""
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def markdown(text: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text, **more}


def code(text: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": text, "execution_count": 1, "outputs": list(outputs)}


def shows(metadata: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    """An output; `text_html` stands for `text/html`."""
    kinds = {kind.replace("__", "+").replace("_", "/", 1): value for kind, value in data.items()}
    return {"output_type": "display_data", "metadata": metadata or {}, "data": kinds}


def furnish(house: House, slug: str = "knee-mr") -> Path:
    """Make a pilot's folder, with a document of each kind in `results`."""
    root: Path = house.site.pilot_folders / slug
    for name in ("raw", "results", "scratch", "outbox"):
        (root / name).mkdir(parents=True)
    results = root / "results"
    (results / "plot.png").write_bytes(DOT)
    (results / "table.csv").write_text("what;value\n<b>bold</b>;1\n")
    (results / "notes.txt").write_text("Hello <script>alert(1)</script>")
    (results / "cube.h5").write_bytes(b"\x89HDF\0\0")
    (results / "look.ipynb").write_text(notebook(markdown("# A heading"), code("1 + 1", shows(text_plain="2"))))
    return root


def set_pilot(house: House, slug: str = "knee-mr", **values: Any) -> None:
    """Change columns of a pilot."""
    with house.session() as session, session.begin():
        row = session.get_one(PilotRow, slug)
        for key, value in values.items():
            setattr(row, key, value)


def join(house: House, persona: str, role: str, slug: str = "knee-mr") -> None:
    with house.session() as session, session.begin():
        members.add(session, slug, account(persona), role)


def let_in(house: House, persona: str) -> None:
    """Somebody who is in no pilot signs in for the first time."""
    with house.session() as session, session.begin():
        subject = f"{persona}-0001@demo.kontor.localhost"
        people.introduce(
            session, issuer="demo", subject=subject, display_name=persona.title(), partner=None, country=None
        )
    house.tokens[persona] = house.hub.user(account(persona), f"token-{persona}")
