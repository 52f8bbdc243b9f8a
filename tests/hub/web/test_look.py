"""The look keeps its promises: contrast in both themes, no loose classes, nothing from elsewhere, pages that render."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, meta
from jupyterhub._data import DATA_FILES_PATH

from kontor.people.faces import PALETTE
from kontor.web import look
from kontor.web.hub_languages import HubWords

STOCK = Path(DATA_FILES_PATH)
TEMPLATES = look.HUB_TEMPLATES.parent
CSS = "".join((look.STATIC / name).read_text() for name in ("kontor.css", "consortium.css", "narrow.css"))
HUB_CSS = (look.STATIC / "hub.css").read_text()
STOCK_CSS = (STOCK / "static" / "css" / "style.min.css").read_text()
THEMES = ("light", "dark")

TOKENS = {
    name: dict(zip(THEMES, pair, strict=True))
    for name, *pair in re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", CSS)
}

# The words of a component and what they stand on: WCAG 2.2 AA wants 4.5.
GROUNDS = ("ground", "paper")
TEXT = [
    *((ink, ground) for ink in ("ink", "quiet", "blue", "blue-deep", "brick", "amber", "leaf") for ground in GROUNDS),
    *(("ink", soft) for soft in ("sunk", "blue-soft", "brick-soft", "amber-soft", "leaf-soft")),
    *(("blue", soft) for soft in ("blue-soft", "brick-soft", "amber-soft", "leaf-soft", "sunk")),
    *(("quiet", soft) for soft in ("sunk", "blue-soft", "brick-soft", "amber-soft", "leaf-soft")),
    ("on-blue", "blue"),
    ("on-blue", "blue-deep"),
    ("on-brick", "brick"),
]
# What has to be seen but not read: outlines of fields, bars, the ring of who is here, the focus, the gable: 3.0.
SEEN = [
    *((mark, ground) for mark in ("edge", "blue", "brick", "leaf", "focus", "mark") for ground in GROUNDS),
    ("blue", "blue-soft"),
    ("brick", "blue-soft"),
]
# Both only repeat in colour what the words beside them say.
DECORATION = {"line", "amber-mark"}


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("words", "ground"), TEXT, ids=str)
def test_words_can_be_read(words: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[words][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "ground"), SEEN, ids=str)
def test_marks_can_be_seen(mark: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[mark][theme], TOKENS[ground][theme]) >= 3.0


@pytest.mark.parametrize("sheet", [CSS, HUB_CSS], ids=["kontor.css", "hub.css"])
def test_every_colour_in_use_is_in_the_tables(sheet: str) -> None:
    words = set(re.findall(r"(?<![-\w])(?:color|--bs-[a-z-]*(?<!border-)color): var\(--([a-z-]+)\)", sheet))
    assert words & TOKENS.keys() <= {one for one, _ in TEXT}
    tabled = {token for pair in TEXT + SEEN for token in pair} | DECORATION
    assert set(re.findall(r"var\(--([a-z-]+)\)", sheet)) & TOKENS.keys() <= tabled


def test_colours_are_written_only_as_tokens_and_faces() -> None:
    rules = re.sub(r"/\*.*?\*/", "", CSS, flags=re.S).split("color-scheme: light; }", 1)[1]
    loose = Counter(re.findall(r"#[0-9a-f]{3,6}\b", re.sub(r"\.c\d \{[^}]*\}", "", rules)))
    # white on faces, the face without a class, the black of a picture frame, white paper twice
    assert set(loose) == {"#fff", "#3d5a80", "#0d1318"}
    assert not re.findall(r"(?<!&)#[0-9a-f]{3,6}\b", HUB_CSS.replace("#api", "").replace("#dark", ""))


def test_faces_are_the_palette_and_carry_white() -> None:
    faces = dict(re.findall(r"\.c(\d) \{ background: (#[0-9a-f]{6}); \}", CSS))
    assert tuple(faces[str(at)] for at in range(len(faces))) == PALETTE
    assert all(contrast("#ffffff", colour) >= 4.5 for colour in faces.values())


# -- files ----------------------------------------

OURS = sorted(
    path
    for folder in (look.STATIC, TEMPLATES)
    for path in folder.rglob("*")
    if path.suffix in {".css", ".js", ".svg", ".html"} and "vendor" not in path.parts
)
MARKUP = [path for path in OURS if path.suffix == ".html"]


def named(path: Path) -> str:
    return path.name if path.parent == look.STATIC else str(path.relative_to(TEMPLATES))


@pytest.mark.parametrize("path", OURS, ids=named)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.findall(r"https?://[^\s\"']*|@import|(?<!\w)url\(", text)
    assert not re.findall(r"(?:src|href)=[\"']//", text)


@pytest.mark.parametrize("path", MARKUP, ids=named)
def test_no_inline_styles(path: Path) -> None:
    assert not re.findall(r"\sstyle=|<style", path.read_text())


@pytest.mark.parametrize("path", MARKUP, ids=named)
def test_every_class_has_a_rule(path: Path) -> None:
    on_hub = path.is_relative_to(look.HUB_TEMPLATES)
    sheets = CSS + (HUB_CSS + STOCK_CSS if on_hub else "")
    known = set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", re.sub(r"/\*.*?\*/", "", sheets, flags=re.S)))
    used = {name for value in classes(path.read_text()) for name in value.split()}
    hooks = {name for name in used if name.startswith(("js-", "htmx-"))}
    assert used - hooks <= known


def classes(markup: str) -> list[str]:
    """The class attributes of a template, with what Jinja computes left out and its literal words left in."""
    literal = re.sub(r"\{\{-?\s*\"([^\"{}]*)\" if [^{}]*? else \"([^\"{}]*)\"\s*-?\}\}", r"\1 \2", markup)
    spoken = re.sub(r"\{#.*?#\}", "", literal, flags=re.S)
    plain = re.sub(r"[^\s\"<>={}]*\{\{.*?\}\}[^\s\"<>={}]*|\{%.*?%\}", " ", spoken, flags=re.S)
    return re.findall(r"class=\"([^\"]*)\"", plain)


@pytest.mark.parametrize("name", ["kontor.css", "consortium.css", "narrow.css", "hub.css"])
def test_stylesheets_stay_small_and_whole(name: str) -> None:
    text = (look.STATIC / name).read_text()
    assert len(text.splitlines()) <= 300
    assert text.count("{") == text.count("}")


def test_the_mark_is_one_path() -> None:
    files = [look.STATIC / "mark.svg", look.STATIC / "favicon.svg", look.HUB_TEMPLATES / "mark.svg"]
    paths = [ET.parse(file).getroot().findall("{*}path") + ET.parse(file).getroot().findall("path") for file in files]
    drawn = [{path.attrib["d"] for path in found} for found in paths]
    assert len(drawn[0]) == 1
    assert drawn[0] == drawn[1] == drawn[2]


# -- the hub's pages ----------------------------------------


def environment() -> Environment:
    """Jinja as JupyterHub sets it up: our folder first, the stock one behind it and under `templates/`."""
    stock = str(STOCK / "templates")
    return Environment(
        loader=ChoiceLoader(
            [
                PrefixLoader({"templates": FileSystemLoader([stock])}),
                FileSystemLoader([str(look.HUB_TEMPLATES), stock]),
            ]
        ),
        autoescape=True,
        extensions=[HubWords],
    )


PERSON = SimpleNamespace(display_name="Maja <b>L</b>", partner="Skåne University Hospital", initials="ML", tone="c0")
VARS = look.hub_template_vars(
    title="Kontor",
    hub_prefix="/hub/",
    lobby_url="/lobby/",
    domain="kontor.localhost",
    demo=True,
    person=lambda user: PERSON,
)


def account(name: str) -> SimpleNamespace:
    """As much of JupyterHub's user as templates read."""
    spawner = SimpleNamespace(options_form="")
    return SimpleNamespace(name=name, escaped_name=name, json_escaped_name=name, spawner=spawner)


def render(name: str, **more: Any) -> str:
    """One page of the hub with the variables that JupyterHub gives it."""
    user = account("u" + "a" * 24)
    space: dict[str, Any] = {
        "base_url": "/hub/",
        "prefix": "/",
        "user": user,
        "login_url": "/hub/login",
        "logout_url": "/hub/logout",
        "login_service": "the demo issuer",
        "authenticator_login_url": "/hub/oauth_login",
        "parsed_scopes": ["admin-ui"],
        "static_url": lambda path, include_version=True: f"/hub/static/{path}",
        "version_hash": "1",
        "xsrf": "x",
        "status_code": 404,
        "status_message": "Not Found",
        "message": "",
        "spawn_url": "/hub/spawn/u",
        "url": "/hub/u",
        "default_server": SimpleNamespace(active=True, pending=None),
        "owner": user,
        "spawner": SimpleNamespace(name=""),
        "oauth_client": SimpleNamespace(description="a program", redirect_uri="/back"),
        "allowed_scopes": ["self"],
        "scope_descriptions": [{"scope": "self", "description": "Know who you are.", "filter": ""}],
        **{name: value(user) if callable(value) else value for name, value in VARS.items()},
        **more,
    }
    return environment().get_template(name).render(space)


class Page(HTMLParser):
    """What a test asks of a page: its ids, headings, landmarks and words, and whether tags close."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr", "path", "rect"})

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.title = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.ids.update(value for name, value in attrs if name == "id" and value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title":
            self.title += data.strip()


# Parts of pages, not pages.
PARTS = {"page.html", "place.html"}
PAGES = sorted({path.name for path in (STOCK / "templates").glob("*.html")} - PARTS)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_the_hub_wears_the_frame(name: str) -> None:
    markup = render(name)
    page = Page(markup)
    assert (page.wrong, page.open) == ([], [])
    assert (page.tags["main"], page.tags["header"]) == (1, 1)
    assert "Kontor" in page.title
    assert {name for name, times in page.ids.items() if times > 1} == set()
    assert "/hub/look/kontor.css" in markup
    assert "/hub/look/hub.css" in markup
    assert "Maja &lt;b&gt;" in markup or name in {"accept-share.html", "oauth.html", "login.html"}


OVERRIDDEN = sorted({path.name for path in look.HUB_TEMPLATES.glob("*.html")} - PARTS)


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_our_pages_have_one_title_and_one_first_heading(name: str) -> None:
    page = Page(render(name))
    assert page.title != "Kontor"
    assert page.tags["h1"] == (0 if name == "admin.html" else 1)


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("home.html", "home.js"),
        ("not_running.html", "not_running.js"),
        ("token.html", "token.js"),
        ("spawn_pending.html", None),
        ("stop_pending.html", None),
        ("login.html", None),
    ],
    ids=str,
)
def test_the_ids_that_the_stock_scripts_hold_on_to_are_there(name: str, script: str | None) -> None:
    source = (STOCK / "templates" / name).read_text()
    source += (STOCK / "static" / "js" / script).read_text() if script else ""
    wanted = set(re.findall(r"(?:\$\(\"#|getElementById\([\"'])([\w-]+)", source))
    absent = {"refresh"} if name == "spawn_pending.html" else set()
    absent |= {"toggle_password_visibility", "password_input"} if name == "login.html" else set()
    assert wanted > absent
    assert wanted - absent <= set(Page(render(name)).ids)


def test_the_frame_loads_what_the_stock_frame_loads_but_its_theme_switch() -> None:
    def scripts(text: str) -> list[str]:
        return re.findall(r"static_url\(\"([^\"]+\.js)\"\)", text)

    stock = scripts((STOCK / "templates" / "page.html").read_text())
    ours = scripts((look.HUB_TEMPLATES / "page.html").read_text())
    assert ours == [path for path in stock if path != "js/darkmode.js"]


def test_templates_ask_for_exactly_the_variables_that_they_are_given() -> None:
    asked: set[str] = set()
    for path in look.HUB_TEMPLATES.glob("*.html"):
        asked |= meta.find_undeclared_variables(environment().parse(path.read_text()))
    assert {name for name in asked if name.startswith("kontor_")} == set(VARS)


REFUSALS = [
    ("a stranger at a workspace", 403, "", "This page is not open to you", "ask the lead of the pilot"),
    ("words of our own", 403, "You are no partner of ours.", "not open to you", "You are no partner of ours."),
    ("words about scopes", 403, "requires any of [admin-ui] scopes", "not open to you", "ask the lead of the pilot"),
    ("no such page", 404, "", "There is no page at this address", "from the lobby"),
    ("too many at once", 429, "", "Kontor is busy", "wait a minute"),
    ("our fault", 500, "It broke.", "Something went wrong on our side", "Nothing of yours is lost"),
    ("anything else", 400, "", "That did not work", "Go back and try again"),
]


@pytest.mark.parametrize(
    ("status", "message", "heading", "advice"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_errors_say_what_to_do(status: int, message: str, heading: str, advice: str) -> None:
    markup = render("error.html", status_code=status, status_message=None, message=message)
    assert heading in markup
    assert advice in markup
    assert "/lobby/" in markup
    assert "None" not in markup


def test_a_refused_sign_in_says_so() -> None:
    markup = render("error.html", status_code=403, message="Your account has ended.", user=None, kontor_person=None)
    assert "You could not be signed in" in markup
    assert "Your account has ended." in markup
    assert 'href="/hub/login"' in markup


@pytest.mark.parametrize("name", ["spawn_pending.html", "not_running.html", "stop_pending.html"])
def test_a_workspace_is_called_one_and_leads_back_to_its_pilot(name: str) -> None:
    markup = render(name, user=account("ws-knee-mr"))
    assert "he workspace" in markup
    assert "your lab" not in markup.lower()
    assert 'href="/lobby/pilots/knee-mr"' in markup
    assert 'id="stop-server-btn"' not in markup


def test_the_sign_in_page_says_that_it_is_a_demo_only_when_it_is() -> None:
    assert "This is a demonstration" in render("login.html", user=None, kontor_person=None)
    assert "emonstration" not in render("login.html", user=None, kontor_person=None, kontor_demo=False)
