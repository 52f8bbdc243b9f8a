"""The catalogues say what the sources say, whole, in every language; and nothing that people read is left unmarked."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from jinja2 import Environment, nodes

from kontor.people.partners import load_partners
from kontor.pilots.model import CLASSES, STATES
from kontor.roles import ROLES
from kontor.web import tables
from tests.catalogues import HUB, TRANSLATED, brought_up_to_date, path_of, sources, text_of, translations

TEMPLATES = sorted((HUB / "web").rglob("*.html"))
ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"])
MARKS = {"_", "gettext", "ngettext", "N_"}


@cache
def messages() -> Catalog:
    return sources()


def forms(message: Message, what: str) -> list[str]:
    """The English or the translated forms of a message: one, or one for each number."""
    found = message.id if what == "id" else message.string
    return [found] if isinstance(found, str) else list(found)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text)) | {f"{{{name}}}" for name in re.findall(r"\{(\w+)[^}]*\}", text)}


# -- the catalogues ----------------------------------------


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_exactly_the_messages_of_the_sources(language: str) -> None:
    ours = {one.id for one in translations(language) if one.id}
    wanted = {one.id for one in messages() if one.id}
    assert ours == wanted, "run `make messages`"
    assert path_of(language).read_text(encoding="utf-8") == brought_up_to_date(language, messages())


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_none_is_a_guess(language: str) -> None:
    catalogue = translations(language)
    assert not catalogue.obsolete
    assert not [one.id for one in catalogue if one.id and one.fuzzy]
    assert not [one.id for one in catalogue if one.id and not all(forms(one, "string"))]


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_take_the_same_words_in(language: str) -> None:
    for one in translations(language):
        english, theirs = forms(one, "id"), [text for text in forms(one, "string") if text]
        if not one.id or not theirs:
            continue
        least, most = placeholders(english[0]), placeholders(english[-1])
        for text in theirs:
            assert least <= placeholders(text) <= most | least, one.id
        assert placeholders(theirs[-1]) == most, one.id
        assert all(text.strip() == text for text in theirs), one.id
        assert len(theirs) == len(english), one.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_plurals_are_those_of_the_language(language: str) -> None:
    catalogue = translations(language)
    assert catalogue.num_plurals == 2
    assert catalogue.plural_expr == "(n != 1)"
    assert str(catalogue.locale) == language


def test_a_file_does_not_change_when_nothing_did() -> None:
    catalogue = Catalog(locale="sv")
    catalogue.add("Two {what}", "Två {what}")
    catalogue.add(("%(num)s b", "%(num)s bs"), ("%(num)s b", "%(num)s b:n"))
    text = text_of(catalogue, "sv")
    assert not re.search(r"\d{4}-\d\d|POT-Creation", text)
    assert text.index("%(num)s b") < text.index("Two {what}")
    assert 'msgstr "Två {what}"' in text


# -- the sources: Python ----------------------------------------

PYTHON = sorted(path for path in HUB.rglob("*.py") if "lab" not in path.relative_to(HUB).parts)


def named(path: Path) -> str:
    return path.relative_to(HUB).as_posix()


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


@pytest.mark.parametrize("path", PYTHON, ids=named)
def test_what_is_marked_is_a_whole_sentence(path: Path) -> None:
    for name, call in calls(path):
        if name in MARKS:
            for argument in call.args:
                assert not isinstance(argument, ast.JoinedStr | ast.BinOp), f"line {argument.lineno}"
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    assert argument.value.strip() == argument.value, f"line {argument.lineno}"


# Rooms whose errors people read on pages, and the parts of them that speak to programs or operators only.
ROOMS = ("web/", "pilots/", "audit/", "data/")
ENGLISH = {
    "web/pages.py",
    "pilots/demo.py",
    "data/samples.py",
    "data/objectstore.py",
    "data/model.py",
    *("data/gate.py", "pilots/access.py", "pilots/evictions.py", "pilots/budget/meter.py"),  # the reconciler's log
}
ERRORS = {"KontorError", "NotFound", "NotAllowed", "Conflict", "Unavailable", "SignInFailed"}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in PYTHON
        if named(path).startswith(ROOMS) and named(path) not in ENGLISH and not path.stem.endswith("api")
    ],
    ids=named,
)
def test_errors_that_people_read_are_marked(path: Path) -> None:
    for name, call in calls(path):
        if name in ERRORS and call.args:
            assert not isinstance(call.args[0], ast.JoinedStr | ast.Constant | ast.BinOp), f"line {call.lineno}"


def test_words_that_are_data_are_marked() -> None:
    assert not {*ROLES, *STATES, *CLASSES, "operator", "steward"} - tables.WORDS
    partners = list(load_partners())
    assert {one.sector for one in partners} <= set(tables.SECTORS)
    assert {one.country for one in partners} <= set(tables.COUNTRIES)
    assert not tables.WORDS - {one.id for one in messages()}


# -- the sources: templates ----------------------------------------

READ_OUT = {"alt", "aria-label", "aria-description", "placeholder", "title", "label"}
NAMES = {"Kontor", "SHA-256"}
ATTRIBUTE = re.compile(r'\b[a-z-]+="[^"]*"')
LETTERS = re.compile(r"[^\W\d_]{2,}")


class Visible(HTMLParser):
    """The words of a template that do not go through a translation."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style", "code")
        self.words += [value for name, value in attrs if name in READ_OUT and value and LETTERS.search(value)]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style", "code")

    def handle_data(self, data: str) -> None:
        data = ATTRIBUTE.sub("", data)  # of a macro that makes attributes
        if LETTERS.search(data) and not self._silent:
            self.words.append(data.strip())


def template(path: Path) -> str:
    return path.relative_to(HUB / "web").as_posix()


def markup(text: str) -> str:
    """A template without what Jinja computes; what stands in a trans block is translated."""
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", text, flags=re.DOTALL)
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=template)
def test_a_template_shows_no_words_but_marked_ones(path: Path) -> None:
    assert [words for words in Visible(markup(path.read_text())).words if words not in NAMES] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=template)
def test_a_template_computes_no_words_but_marked_ones(path: Path) -> None:
    tree = ENVIRONMENT.parse(path.read_text())
    marked: set[int] = set()
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in MARKS:
            for argument in call.args:
                assert not isinstance(argument, nodes.Concat | nodes.Add), f"line {argument.lineno}"
                marked |= {id(argument)}
    for one in tree.find_all(nodes.Const):
        if isinstance(one.value, str) and id(one) not in marked:
            words = one.value.strip()
            assert not re.search(r"^[A-Z][a-z]+|[a-z]{2,} [a-z]{2,}", words) or words in NAMES, f"line {one.lineno}"


def test_messages_of_templates_can_be_filled_in() -> None:
    """Jinja formats each of them with `%`, so a percent sign that is one is written twice."""
    for one in messages():
        if any(place.endswith(".html") for place, _line in one.locations):
            for text in forms(one, "id"):
                assert text % defaultdict(str) is not None
