"""The form in which pilots are proposed and changed: what somebody typed, kept as they typed it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from starlette.datastructures import FormData

from kontor.errors import KontorError
from kontor.pilots.life import typed
from kontor.pilots.life.draft import MOST_OTHERS, Draft
from kontor.pilots.store import TakesPart
from kontor.settings import BudgetSettings
from kontor.words import _

LINES: Final = ("title", "facility", "technique", "agreement", "slug")
TEXTS: Final = ("question", "data_wanted")
DAYS: Final = ("starts", "ends", "agreement_ends")
SINGLE: Final = frozenset({*LINES, *TEXTS, *DAYS, "class", "hours", "version", "do"})
SEVERAL: Final = frozenset({"partners", "other_name", "other_sector", "other_country", "person", "role"})
FORM_OF: Final = {"class_": "class", "credits": "hours"}
"""Fields of a Draft that the form calls otherwise."""

_DECIMAL_COMMA: Final = re.compile(r"\A(0,\d+|\d+,(\d{1,2}|\d{4,}))\Z")
"""1,000 is none: it may mean a thousand, so that it is asked again."""
ROWS: Final = 2
MOST_ROWS: Final = 50


@dataclass(frozen=True)
class Other:
    """A row for an organisation outside the consortium, as typed."""

    name: str = ""
    sector: str = ""
    country: str = ""


@dataclass
class Typed:
    """A form as it was filled in.

    Parameters
    ----------
    text : dict
        Field -> what stands in it.
    mistakes : dict
        Field -> what is wrong with it, in a sentence.
    rows : int
        How many empty rows to offer beside those that are filled in.
    """

    text: dict[str, str]
    partners: set[str] = field(default_factory=set)
    others: list[Other] = field(default_factory=list)
    people: list[tuple[str, str]] = field(default_factory=list)
    mistakes: dict[str, str] = field(default_factory=dict)
    rows: int = ROWS

    @classmethod
    def sent(cls, form: FormData) -> Typed:
        """What a browser sent.

        Raises
        ------
        KontorError
            If there is a field that the form does not have, or far too many rows (`bad_form`).
        """
        several = {name: [str(value) for value in form.getlist(name)] for name in SEVERAL}
        too_many = any(len(values) > MOST_ROWS for name, values in several.items() if name != "partners")
        if set(form) - SINGLE - SEVERAL or too_many:
            raise KontorError(_("This form is not the one of this page. Open the page again."), code="bad_form")
        others = zip(several["other_name"], several["other_sector"], several["other_country"], strict=False)
        people = zip(several["person"], several["role"], strict=False)
        return cls(
            text={name: str(form.get(name, "")) for name in SINGLE},
            partners=set(several["partners"]),
            others=[Other(*one) for one in others if one[0].strip()],
            people=[one for one in people if one[0]],
        )

    @classmethod
    def of(cls, draft: Draft, budget: BudgetSettings, *, version: int = 0) -> Typed:
        """A draft as the form shows it."""
        text = {name: getattr(draft, name) for name in (*LINES, *TEXTS)}
        days = {name: day.isoformat() if (day := getattr(draft, name)) else "" for name in DAYS}
        hours = f"{draft.credits / hour_price(budget):.10g}" if draft.credits else ""
        return cls(
            text={**text, **days, "class": draft.class_, "hours": hours, "version": str(version), "do": ""},
            partners=set(draft.partners),
            others=[Other(one.name or "", one.sector or "", one.country or "") for one in draft.others],
            people=list(draft.people),
        )

    def draft(self, budget: BudgetSettings, *, today: date) -> Draft:
        """The draft that was meant; what cannot be read as a day or a number is noted in `mistakes`."""
        starts = self._day("starts")
        if not self.text["starts"]:
            self.mistakes.setdefault("starts", _("Give the first day."))
        return Draft(
            **{name: typed.line(self.text[name]) for name in LINES},
            **{name: typed.lines(self.text[name]) for name in TEXTS},
            class_=self.text["class"],
            starts=starts or today,
            ends=self._day("ends"),
            agreement_ends=self._day("agreement_ends"),
            partners=tuple(sorted(self.partners)),
            others=tuple(TakesPart("", one.name.strip(), one.sector, one.country) for one in self.others),
            people=tuple(self.people),
            credits=self._hours() * hour_price(budget),
        )

    def add_rows(self) -> None:
        """Offer three more empty rows."""
        self.rows = max(len(self.others), len(self.people), ROWS) + 3

    def note(self, mistakes: dict[str, str]) -> None:
        """Keep mistakes that the rules found; what could not even be read goes before."""
        self.mistakes = {**mistakes, **self.mistakes}

    def get(self, name: str) -> str:
        """What stands in a field."""
        return self.text.get(name, "")

    @property
    def other_rows(self) -> list[Other]:
        """The rows for other organisations, with empty ones after those that are filled in."""
        empty = max(1, self.rows - len(self.others))
        return [*self.others, *[Other()] * empty][:MOST_OTHERS]

    @property
    def people_rows(self) -> list[tuple[str, str]]:
        """The rows for people, with empty ones after those that are filled in."""
        return [*self.people, *[("", "")] * max(1, self.rows - len(self.people))][:MOST_ROWS]

    def _day(self, name: str) -> date | None:
        text = self.text[name].strip()
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.mistakes[name] = _("Write the day as year-month-day, such as 2027-05-31.")
            return None

    def _hours(self) -> float:
        text = self.text["hours"].strip()
        if _DECIMAL_COMMA.match(text):
            text = text.replace(",", ".")
        try:
            hours = float(text or "nan")
        except ValueError:
            hours = math.nan
        if not math.isfinite(hours):
            self.mistakes["hours"] = _("Write a number of hours, such as 2000.")
            return 1.0
        return hours


def hour_price(budget: BudgetSettings) -> float:
    """Credits for an hour of the form: of one core, or of one GB of memory where cores cost nothing."""
    return budget.core_hour or budget.memory_hour or 1.0


def changes(after: Draft, before: Draft, allowed: frozenset[str]) -> dict[str, Any]:
    """The fields that may be changed here, as the form has them; a budget that nobody touched stays as it is."""
    close = math.isclose(after.credits, before.credits, rel_tol=1e-6)
    after = replace(after, credits=before.credits if close else after.credits)
    return {name: getattr(after, name) for name in allowed}
