"""A draft: what a pilot is to be, as somebody typed it, and everything that is wrong with it.

mistakes   field -> sentence; a draft with one is refused, and comes back with the sentence beside the field
hints      what is missing or worth a thought; a draft with hints is taken
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from babel import Locale

from kontor.errors import KontorError
from kontor.names import check_slug
from kontor.people.partners import Partners
from kontor.pilots import helix
from kontor.pilots.life import typed
from kontor.pilots.model import CLASSES
from kontor.pilots.store import TakesPart
from kontor.settings import Settings
from kontor.words import _

COMPANY: Final = "company."
MOST_OTHERS: Final = 10
MOST_PEOPLE: Final = 50
MOST_CREDITS: Final = 1e9
EARLIEST: Final = date(2015, 1, 1)
LATEST: Final = date(2100, 1, 1)
GUARDED: Final = frozenset({"sensitive", "clinical"})
"""Classes of data that need an agreement before a pilot is approved, and whose files are not taken out."""

_TERRITORY = re.compile(r"\A[A-Z]{2}\Z")
_COUNTRIES: Final = frozenset(
    code for code in Locale("en").territories if _TERRITORY.match(str(code)) and code not in {"EU", "EZ", "UN", "ZZ"}
)
_LINES: Final = {"title": (3, 200), "facility": (0, 100), "technique": (0, 100), "agreement": (0, 200)}
_TEXTS: Final = {"question": (10, 4000), "data_wanted": (0, 4000)}


class WrongDraft(KontorError):
    """A draft cannot be taken; `mistakes` says why, field by field. Its code is `bad_dates` for an agreement's day."""

    code = "bad_proposal"
    status = 422

    def __init__(self, mistakes: Mapping[str, str]) -> None:
        self.mistakes = dict(mistakes)
        code = "bad_dates" if set(self.mistakes) == {"agreement_ends"} else None
        super().__init__(" ".join(f"{field}: {sentence}" for field, sentence in self.mistakes.items()), code=code)


@dataclass(frozen=True)
class Draft:
    """What a pilot is to be.

    Parameters
    ----------
    slug : str
        Its short name; empty to have one made of the title.
    partners : tuple of str
        Slugs of the consortium's partners that take part.
    others : tuple of TakesPart
        Organisations outside the consortium.
    people : tuple of (account name, role)
        Who is in it from the first day, beside who proposes.
    """

    title: str
    question: str
    class_: str
    starts: date
    ends: date | None
    slug: str = ""
    partners: tuple[str, ...] = ()
    others: tuple[TakesPart, ...] = ()
    facility: str = ""
    technique: str = ""
    data_wanted: str = ""
    agreement: str = ""
    agreement_ends: date | None = None
    people: tuple[tuple[str, str], ...] = ()
    credits: float = 0.0

    @property
    def organisations(self) -> list[TakesPart]:
        """All that take part."""
        return [*(TakesPart(slug) for slug in self.partners), *self.others]


def named(others: Collection[TakesPart]) -> tuple[TakesPart, ...]:
    """Organisations outside the consortium, each with a slug of its own made of its name."""
    found: dict[str, TakesPart] = {}
    for one in others:
        slug = one.slug or COMPANY + typed.free_slug(one.name or "", lambda slug: COMPANY + slug in found, longest=50)
        found[slug] = TakesPart(slug, one.name, one.sector, one.country)
    return tuple(found.values())


def mistakes_in(draft: Draft, *, partners: Partners, settings: Settings, today: date) -> dict[str, str]:
    """Everything that is wrong with a draft: field -> sentence; empty if it can be taken."""
    found: dict[str, str] = {}
    for several, fields in ((False, _LINES), (True, _TEXTS)):
        for field, (least, most) in fields.items():
            text = getattr(draft, field)
            _note(found, field, typed.mistake_in(text, least=least, most=most, several_lines=several))
    if draft.class_ not in CLASSES:
        found["class"] = _("Choose what kind of data it is.")
    _note(found, "slug", _wrong_slug(draft.slug))
    _note(found, "partners", _wrong_partners(draft, partners))
    for number, one in enumerate(draft.others):
        _note(found, f"others.{number}", _wrong_other(one))
    wild = [name for name in ("starts", "ends", "agreement_ends") if not _is_near(getattr(draft, name))]
    found |= dict.fromkeys(wild, _("Look at the year once more."))
    if not wild:
        _note(found, "ends", _wrong_end(draft, settings, today))
        if draft.agreement_ends is not None and draft.agreement_ends < today:
            found["agreement_ends"] = _("This agreement has ended already.")
    if draft.agreement_ends is not None and not draft.agreement:
        found.setdefault("agreement", _("Write which agreement or approval it is that ends on this day."))
    if draft.credits > MOST_CREDITS:
        found["hours"] = _("No pilot gets as many hours. Write a smaller number.")
    elif not draft.credits > 0:
        found["hours"] = _("Write a number of hours greater than 0.")
    return found


def hints_for(draft: Draft, *, partners: Partners) -> list[str]:
    """What a draft lacks or should be thought about; never a reason to refuse it."""
    found = []
    if hint := helix.mix(draft.organisations, partners).hint:
        found.append(hint)
    if draft.class_ in GUARDED and not (draft.agreement and draft.agreement_ends):
        found.append(
            _("Data of this class needs an agreement or ethics approval, with its last day, before it is approved.")
        )
    if draft.agreement_ends and draft.ends and draft.agreement_ends < draft.ends:
        found.append(_("The agreement ends before the pilot does. It is read-only from then until there is a new one."))
    return found


def _note(found: dict[str, str], field: str, mistake: str | None) -> None:
    if mistake is not None:
        found[field] = mistake


def _is_near(day: date | None) -> bool:
    return day is None or EARLIEST <= day <= LATEST


def _wrong_slug(slug: str) -> str | None:
    if not slug:
        return None
    if typed.is_address(slug):
        return _("This short name is the address of a page. Choose another one.")
    try:
        check_slug(slug)
    except KontorError:
        return _("Use 2 to 27 lower-case letters from a to z, digits and single hyphens, beginning with a letter.")
    return None


def _wrong_partners(draft: Draft, partners: Partners) -> str | None:
    unknown = [slug for slug in draft.partners if partners.get(slug) is None]
    if unknown:
        return _("{slug!r} is none of the partners. Choose from the list.").format(slug=unknown[0][:40])
    if len(draft.others) > MOST_OTHERS:
        return _("Name at most {most} organisations outside the consortium.").format(most=MOST_OTHERS)
    if not draft.organisations:
        return _("Choose at least one organisation that takes part.")
    return None


def _wrong_other(one: TakesPart) -> str | None:
    if mistake := typed.mistake_in(one.name or "", least=2, most=120):
        return _("Name of the organisation: {mistake}").format(mistake=mistake)
    if one.sector not in helix.SECTORS:
        return _("Choose what kind of organisation {name} is.").format(name=one.name)
    if one.country not in _COUNTRIES:
        return _("Choose the country of {name}.").format(name=one.name)
    return None


def _wrong_end(draft: Draft, settings: Settings, today: date) -> str | None:
    longest = settings.pilots.longest_days
    if draft.ends is None:
        return _("Every pilot has a last day. It can be extended later.")
    if draft.ends < today:
        return _("The last day is in the past.")
    if draft.ends < draft.starts:
        return _("The last day is before the first.")
    if draft.ends > draft.starts + timedelta(days=longest):
        return _("A pilot runs {days} days at most, until {latest}. It can be extended later.").format(
            days=longest, latest=draft.starts + timedelta(days=longest)
        )
    return None
