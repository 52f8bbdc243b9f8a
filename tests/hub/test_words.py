"""The languages: who is spoken to in which, and how dates, numbers and sizes are written in each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kontor import quantities, words
from kontor.words import N_, Spoken, _, language_is, ngettext, preferred

PO = """msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);"

msgid "Sweden"
msgstr "Sverige"

msgid "{n} person"
msgid_plural "{n} people"
msgstr[0] "{n} människa"
msgstr[1] "{n} människor"

msgid "not yet"
msgstr ""
"""


@pytest.fixture
def swedish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of three messages."""
    folder = tmp_path / "sv" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "kontor.po").write_text(PO, encoding="utf-8")
    monkeypatch.setattr(words, "LOCALE", tmp_path)
    words.catalogue.cache_clear()
    yield
    words.catalogue.cache_clear()


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, "", "en"),
        ("sv", "", "sv"),
        ("sv", "de", "sv"),
        ("fi", "de", "de"),
        ("SV", "", "en"),
        ("../sv", "", "en"),
        ("", "nb", "nb"),
        (None, "sv", "sv"),
        (None, "sv-SE,sv;q=0.9,en;q=0.8", "sv"),
        (None, "en-GB,en;q=0.9,sv;q=0.8", "en"),
        (None, "en;q=0.2, da;q=0.7, de;q=0.5", "da"),
        (None, "fi, et;q=0.9, de;q=0.1", "de"),
        (None, "DE-ch", "de"),
        (None, "zh-Hant-TW", "en"),
        (None, "no", "nb"),
        (None, "nn-NO, en;q=0.5", "nb"),
        (None, "de;q=0, sv;q=0.1", "sv"),
        (None, "de;q=0", "en"),
        (None, "de;q=0, de-CH;q=0.5", "de"),
        (None, "*", "en"),
        (None, "fr, *;q=0.5", "en"),
        (None, "sv ; q=0.4 , da ; q=0.6", "da"),
        (None, "sv;q=2, de", "de"),
        (None, "sv;q=-1, de;q=0.1", "de"),
        (None, "sv;q=0.1234, de;q=0.1", "de"),
        (None, "sv;level=1, de", "de"),
        (None, "sv_SE", "en"),
        (None, ";;;,,,=", "en"),
        (None, "<script>, de", "de"),
        (None, "x" * 100_000, "en"),
        (None, ",".join(["fr"] * 1000) + ",sv", "en"),
    ],
)
def test_the_language_of_a_reader(chosen: str | None, accepted: str, language: str) -> None:
    assert preferred(chosen, accepted) == language


def test_without_a_reader_it_is_english() -> None:
    assert words.language() == "en"
    assert _("Sweden") == "Sweden"
    assert _("") == ""


@pytest.mark.usefixtures("swedish")
def test_sentences_are_made_in_the_language_of_the_moment() -> None:
    table = Spoken({"SE": N_("Sweden")})
    with language_is("sv"):
        assert _("Sweden") == table["SE"] == table.get("SE") == "Sverige"
        assert [ngettext("{n} person", "{n} people", n).format(n=n) for n in (0, 1, 2)] == [
            "0 människor",
            "1 människa",
            "2 människor",
        ]
        with language_is("de"):
            assert _("Sweden") == "Sweden"
        assert _("Sweden") == "Sverige"
    assert table["SE"] == "Sweden"
    assert list(table) == ["SE"]
    assert "NO" not in table


@pytest.mark.usefixtures("swedish")
def test_what_is_not_translated_is_english() -> None:
    with language_is("sv"):
        assert _("not yet") == "not yet"
        assert _("never heard of") == "never heard of"


def test_a_language_that_we_do_not_speak_is_refused() -> None:
    with pytest.raises(ValueError, match="fi"), language_is("fi"):
        pass
    assert words.language() == "en"


def test_threads_do_not_hear_each_other() -> None:
    heard: list[str] = []
    with language_is("sv"):
        one = threading.Thread(target=lambda: heard.append(words.language()))
        one.start()
        one.join()
    assert heard == ["en"]


def test_every_language_says_its_name() -> None:
    assert words.LANGUAGES == {"en": "English", "sv": "Svenska", "da": "Dansk", "de": "Deutsch", "nb": "Norsk"}


@pytest.mark.parametrize(
    ("code", "day", "moment", "number", "size", "ago"),
    [
        ("en", "3 June 2026", "3 June 2026, 14:05", "12,345.7", "1.6 MB", "2 hours ago"),
        ("sv", "3 juni 2026", "3 juni 2026 14:05", "12 345,7", "1,6 MB", "för 2 timmar sedan"),
        ("da", "3. juni 2026", "3. juni 2026 14.05", "12.345,7", "1,6 MB", "for 2 timer siden"),
        ("de", "3. Juni 2026", "3. Juni 2026, 14:05", "12.345,7", "1,6 MB", "vor 2 Stunden"),
        ("nb", "3. juni 2026", "3. juni 2026, 14:05", "12 345,7", "1,6 MB", "for 2 timer siden"),
    ],
)
def test_dates_and_numbers(code: str, day: str, moment: str, number: str, size: str, ago: str) -> None:
    now = datetime(2026, 6, 3, 12, 5, tzinfo=UTC)
    with language_is(code):
        assert quantities.day(date(2026, 6, 3)) == day
        assert quantities.moment(now).replace("\xa0", " ") == moment
        assert quantities.number(12345.678, 1).replace("\xa0", " ") == number
        assert quantities.size(1617531).replace("\xa0", " ") == size
        assert quantities.ago(now - timedelta(hours=2), now) == ago


def test_days_are_those_of_the_consortium() -> None:
    late = datetime(2026, 6, 3, 22, 30, tzinfo=UTC)
    assert quantities.day(late) == "4 June 2026"
    assert quantities.moment(late) == "4 June 2026, 00:30"
    assert quantities.day(date(2026, 6, 3), "medium") == "3 Jun 2026"
