"""The consortium's partners and their home scopes, from `partners.toml`.

    partner          an organisation of the consortium: slug, name, country, sector
    home scope       the part behind the @ of an affiliation (`member@ku.dk`); matched whole, never by suffix
    shared scope     a home scope of several partners; the table names the default among them

Country and partner come from this table alone; nothing is ever read from the last label of a domain.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from kontor.errors import SettingsError

TABLE = Path(__file__).with_name("partners.toml")

Country = Literal["SE", "DK", "DE", "NO"]
Sector = Literal["academia", "hospital", "company", "infrastructure", "region", "cluster"]
Slug = Annotated[str, StringConstraints(pattern=r"\A[a-z][a-z0-9]*(-[a-z0-9]+)*\z", min_length=2, max_length=40)]
Scope = Annotated[
    str,
    StringConstraints(
        pattern=r"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+\z", max_length=253
    ),
]

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here; take it out",
}
_NO_SLUG = "must be lower-case letters, digits and single hyphens, beginning with a letter"
_NO_SCOPE = "must be a domain in lower-case letters, such as ku.dk"
_NO_NAME = "must be a text that neither begins nor ends with a space"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Partner(_Closed):
    """One organisation of the consortium."""

    slug: Slug
    name: Annotated[str, StringConstraints(pattern=r"\A\S(.*\S)?\z", max_length=80)]
    country: Country
    sector: Sector
    scopes: tuple[Scope, ...] = Field(strict=False)


class _Table(_Closed):
    partners: tuple[Partner, ...] = Field(strict=False)
    scope_defaults: dict[Scope, Slug] = {}


class Partners:
    """The checked table. Iterates over the partners in the table's order."""

    def __init__(self, partners: tuple[Partner, ...], scope_defaults: dict[str, str]) -> None:
        self._by_slug = {partner.slug: partner for partner in partners}
        self._sharing: dict[str, tuple[Partner, ...]] = {}
        for partner in partners:
            for scope in partner.scopes:
                self._sharing[scope] = (*self._sharing.get(scope, ()), partner)
        self._defaults = scope_defaults

    def __iter__(self) -> Iterator[Partner]:
        return iter(self._by_slug.values())

    def __len__(self) -> int:
        return len(self._by_slug)

    def get(self, slug: str) -> Partner | None:
        """The partner with this slug, or None."""
        return self._by_slug.get(slug)

    def sharing(self, scope: str) -> tuple[Partner, ...]:
        """All partners that list this home scope.

        The whole scope must be equal. Only the case of ASCII letters does not matter, as in any domain name; a
        scope with other letters equals none.
        """
        return self._sharing.get(scope.lower(), ()) if scope.isascii() else ()

    def by_scope(self, scope: str) -> Partner | None:
        """The partner that a person with this home scope belongs to: the only one, or the table's default."""
        sharing = self.sharing(scope)
        if len(sharing) > 1:
            return self._by_slug[self._defaults[scope.lower()]]
        return sharing[0] if sharing else None


def load_partners(path: Path = TABLE) -> Partners:
    """Read a partner table.

    Raises
    ------
    SettingsError
        With every mistake in the file, each with its place and what to do.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(str(path), [f"The file cannot be read: {error.strerror}."]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [f"This is not TOML: {error}."]) from error
    try:
        table = _Table.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(str(path), [_sentence(mistake, raw) for mistake in error.errors()]) from None
    mistakes = [*_repeated(table), *_wrong_defaults(table)]
    if not table.partners:
        mistakes.append("partners must not be empty; give each partner a [[partners]] table.")
    if mistakes:
        raise SettingsError(str(path), mistakes)
    return Partners(table.partners, dict(table.scope_defaults))


def _sentence(mistake: ErrorDetails, raw: dict[str, object]) -> str:
    """One of pydantic's mistakes, in words and with the place where it is."""
    place, kind = mistake["loc"], mistake["type"]
    if kind == "string_pattern_mismatch":
        is_scope = "scopes" in place or place[-1] == "[key]"
        words = _NO_SCOPE if is_scope else _NO_NAME if place[-1] == "name" else _NO_SLUG
    else:
        words = _WORDS.get(kind) or mistake["msg"].replace("Input should", "must").replace("String should", "must")
    given = f" (it is {mistake['input']!r:.80})" if kind not in _WORDS else ""
    return f"{_place([part for part in place if part != '[key]'], raw)} {words}{given}."


def _place(place: list[str | int], raw: dict[str, object]) -> str:
    """Where a mistake is, naming the partner by its slug where it has one: `partners[ku].country`."""
    words = ""
    for depth, part in enumerate(place):
        if isinstance(part, str):
            words += f".{part}" if words else part
            continue
        label: object = part + 1
        rows = raw.get("partners")
        if depth == 1 and isinstance(rows, list) and isinstance(rows[part], dict):
            label = rows[part].get("slug", label)
        words += f"[{label}]"
    return words


def _repeated(table: _Table) -> Iterator[str]:
    for field in ("slug", "name"):
        seen: set[str] = set()
        for partner in table.partners:
            value: str = getattr(partner, field)
            if value in seen:
                yield f"The {field} {value!r} is given to two partners; each needs its own."
            seen.add(value)
    for partner in table.partners:
        for scope in sorted({scope for scope in partner.scopes if partner.scopes.count(scope) > 1}):
            yield f"partners[{partner.slug}].scopes lists {scope!r} twice; once is enough."


def _wrong_defaults(table: _Table) -> Iterator[str]:
    holders: dict[str, list[str]] = {}
    for partner in table.partners:
        for scope in dict.fromkeys(partner.scopes):
            holders.setdefault(scope, []).append(partner.slug)
    for scope, slugs in holders.items():
        if len(slugs) > 1 and scope not in table.scope_defaults:
            yield (
                f"The scope {scope!r} is shared by {' and '.join(slugs)}; say in [scope_defaults] to whom a person "
                "belongs until a steward decides."
            )
    for scope, slug in table.scope_defaults.items():
        slugs = holders.get(scope, [])
        if slug not in slugs:
            yield f"scope_defaults[{scope!r}] is {slug!r}, which is no partner with that scope."
        elif len(slugs) == 1:
            yield f"scope_defaults[{scope!r}] is not needed: only {slug} has that scope; take it out."
