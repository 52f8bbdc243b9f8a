"""A notebook as a page: what happens in the process that `rendering` starts for it.

Everything in a notebook was written by somebody's code. nbconvert makes HTML of it; then the whole of that HTML goes
through an allow-list (nh3) once more, because nbconvert's own cleaning (bleach) escapes headings and pictures, lets
attributes through its template unquoted, and needs 17 s for a table of 1 MB where nh3 needs 0.1 s. What comes out
has no script, form, frame or handler, and no address but `data:` pictures and links that open elsewhere. The page
that shows it trusts none of this and lets nothing run (`rendering.POLICY`).
"""

from __future__ import annotations

import logging
import os
import resource
import warnings
from html import escape
from multiprocessing.connection import Connection
from typing import Any, Final

# Jupyter looks for templates in the home of whoever runs it; ours come with the installation and nowhere else.
_ENVIRONMENT: Final = {
    "HOME": "/nonexistent",
    "JUPYTER_NO_CONFIG": "1",
    "JUPYTER_PATH": "",
    "JUPYTER_DATA_DIR": "/nonexistent",
    "JUPYTER_CONFIG_DIR": "/nonexistent",
}
_MEMORY: Final = 3 << 30
_TAGS: Final = """
a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr tt
u ul var
"""
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"class", "id", "style", "title", "tabindex", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}
_GONE_WITH_CONTENT: Final = frozenset({"script", "style", "template", "title", "noscript", "iframe", "object", "embed"})
_STYLES: Final = """
color background-color font-weight font-style font-family font-size text-align text-decoration vertical-align
white-space width max-width height border border-collapse padding
"""
_PICTURES: Final = tuple(f"data:image/{kind};base64," for kind in ("png", "jpeg", "gif", "webp", "svg+xml"))
_BEST_FIRST: Final = [
    "image/svg+xml", "image/png", "image/jpeg", "text/html", "text/markdown", "text/latex", "text/plain",
]  # fmt: skip
_LIVE: Final = frozenset({"application/javascript", "application/vnd.jupyter.widget-view+json"})


def convert(connection: Connection) -> None:
    """Answer one question: (what replaces what only runs in a lab, content) in two messages; the body, or nothing."""
    os.environ.update(_ENVIRONMENT)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    warnings.simplefilter("ignore")
    logging.disable()
    note, content = connection.recv_bytes().decode(), connection.recv_bytes()
    try:
        answer = body_of(content, note).encode(errors="replace")
    except Exception:  # whatever a notebook can provoke in parsers: the page says one sentence
        answer = b""
    connection.send_bytes(answer)
    connection.close()


def body_of(content: bytes, note: str) -> str:
    """The cleaned HTML of a notebook, to be put into a body.

    Parameters
    ----------
    note : str
        Stands where an output was that only lives in a lab.

    Raises
    ------
    Exception
        If it is no notebook.
    """
    import nbformat
    from nbconvert.exporters.html import HTMLExporter
    from traitlets.config import Config

    notebook = nbformat.reads(content.decode("utf-8-sig"), as_version=4)
    for cell in notebook.cells:
        _settle_cell(cell, note)
    notebook.metadata.pop("widgets", None)
    config = Config({"NbConvertBase": {"display_data_priority": _BEST_FIRST}})
    exporter = HTMLExporter(template_name="basic", sanitize_html=True, exclude_anchor_links=True, config=config)
    exporter.register_filter("clean_html", clean)
    body, _ = exporter.from_notebook_node(notebook)
    return clean(body)


def clean(html: Any) -> str:
    """HTML with nothing left in it that does something."""
    import nh3

    return nh3.clean(
        html.decode(errors="replace") if isinstance(html, bytes) else str(html),
        tags=set(_TAGS.split()),
        clean_content_tags=set(_GONE_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties=set(_STYLES.split()),
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Pictures come along as data; links lead to other sites, never to data or to places here that do not exist."""
    if (tag, name) == ("img", "src"):
        return value if value.startswith(_PICTURES) else None
    if (tag, name) == ("a", "href"):
        return value if value.lower().startswith(("https://", "http://", "mailto:")) else None
    return value


def _settle_cell(cell: Any, note: str) -> None:
    for output in cell.get("outputs", []):
        output.get("metadata", {}).pop("text/html", None)
        data = output.get("data")
        if not isinstance(data, dict):
            continue
        lives = bool(_LIVE & data.keys()) or "<script" in str(data.get("text/html", "")).lower()
        if lives and not any(kind.startswith("image/") for kind in data):
            data.clear()
            data["text/html"] = f"<p class='live'>{escape(note)}</p>"
        for kind in [kind for kind in data if kind not in _BEST_FIRST]:
            del data[kind]
