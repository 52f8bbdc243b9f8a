"""The messages of the sources and the catalogues that translate them; `python -m tests.catalogues` joins the two.

A catalogue is written without dates and line numbers and in the order of its messages, so that a change of one
sentence is a change of one entry. Translations of sentences that did not change are kept; no other is guessed.
"""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from kontor.words import DOMAIN, LANGUAGES, LOCALE

HUB = Path(__file__).parents[1] / "hub" / "kontor"
TRANSLATED = tuple(code for code in LANGUAGES if code != "en")
_METHODS = [("lab/**", "ignore"), ("**.py", "python"), ("web/**.html", "jinja2")]
_OPTIONS = {"web/**.html": {"silent": "false", "trimmed": "true"}}
_COMMENT = "Kontor: {language}. `make messages` brings this file up to date with the sources."
_LEFT_OUT = re.compile(
    r'^"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|'
    r"Generated-By): .*\n",
    re.MULTILINE,
)


def sources() -> Catalog:
    """Every message that is marked in Python and in templates."""
    found = Catalog(domain=DOMAIN, charset="utf-8")
    with redirect_stderr(io.StringIO()):  # babel warns of `_(role or "")`, which is no message
        extracted = list(
            extract_from_dir(
                HUB,
                _METHODS,
                _OPTIONS,
                keywords=DEFAULT_KEYWORDS,
                comment_tags=("Translators:",),
                strip_comment_tags=True,
            )
        )
    for path, _line, message, comments, context in extracted:
        if message:
            found.add(message, locations=[(path, None)], auto_comments=comments, context=context)
    return found


def path_of(language: str) -> Path:
    """Where the catalogue of a language is."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def translations(language: str) -> Catalog:
    """The catalogue of a language as it is."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def text_of(catalogue: Catalog, language: str) -> str:
    """A catalogue as it stands in its file."""
    catalogue.header_comment = "# " + _COMMENT.format(language=LANGUAGES[language])
    catalogue.fuzzy = False
    written = io.BytesIO()
    write_po(written, catalogue, width=110, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return _LEFT_OUT.sub("", written.getvalue().decode()).rstrip("\n") + "\n"


def brought_up_to_date(language: str, messages: Catalog) -> str:
    """What the file of a language should hold: its translations, and the messages that lack one with none."""
    catalogue = translations(language) if path_of(language).exists() else Catalog(locale=language, domain=DOMAIN)
    catalogue.update(messages, no_fuzzy_matching=True)
    return text_of(catalogue, language)


def main() -> None:
    messages = sources()
    for language in TRANSLATED:
        path = path_of(language)
        text = brought_up_to_date(language, messages)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        missing = sum(1 for one in translations(language) if one.id and not any(one.string))
        print(f"{language}: {len(messages)} messages, {missing} not translated")


if __name__ == "__main__":
    main()
