"""A person as pages show them: name, initials, colour, and the partner they come from."""

from __future__ import annotations

from dataclasses import dataclass

from kontor.people.faces import color, color_class, initials
from kontor.people.partners import Partners
from kontor.people.store import Person


@dataclass(frozen=True)
class Portrait:
    """What others see of somebody. `partner` and `sector` are None for a person without a known home organisation.

    Parameters
    ----------
    color, tone : str
        The same colour as `#rrggbb` and as a class of the stylesheet.
    """

    name: str
    display_name: str
    initials: str
    color: str
    tone: str
    partner: str | None
    sector: str | None
    country: str | None


class Portraits:
    """Makes portraits with the partner table."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners

    def of(self, person: Person) -> Portrait:
        """The portrait of a known person; the partner is named as the table names it today."""
        partner = self._partners.get(person.partner) if person.partner else None
        return Portrait(
            name=person.name,
            display_name=person.display_name,
            initials=initials(person.display_name),
            color=color(person.name),
            tone=color_class(person.name),
            partner=partner.name if partner else None,
            sector=partner.sector if partner else None,
            country=partner.country if partner else person.country,
        )
