"""The budget in plain words, in the language of whoever reads it."""

from __future__ import annotations

from datetime import date
from typing import Final

from kontor.pilots.budget.pace import Pace
from kontor.pilots.budget.prices import HOUR, Prices, of_workers
from kontor.quantities import day, number
from kontor.settings import ClusterSettings
from kontor.words import N_, Spoken, _

KINDS: Final = Spoken({"workspace": N_("Workspace"), "cluster": N_("Clusters"), "storage": N_("Storage")})
STAGES: Final = Spoken(
    {
        "fine": N_("within the budget"),
        "warned": N_("running low"),
        "slowed": N_("used up"),
        "grace": N_("used up, slowed"),
        "stopped": N_("used up, stopped"),
    }
)
EXAMPLE_WORKERS: Final = 4


def price_list(prices: Prices, clusters: ClusterSettings) -> list[str]:
    """What things cost in credits, a line each, the last one an example."""
    workers = prices.credits(of_workers(EXAMPLE_WORKERS, HOUR, clusters))
    return [
        _("One core, busy for one hour: {n}").format(n=number(prices.core_hour)),
        _("One GB of memory, held for one hour: {n}").format(n=number(prices.memory_hour)),
        _("One GB, stored for 30 days: {n}").format(n=number(prices.storage_month)),
        _(
            "A cluster with {workers} workers, for one hour: about {n}. "
            "What a cluster holds is counted, whether it is busy or not."
        ).format(workers=EXAMPLE_WORKERS, n=number(workers, 1)),
    ]


def forecast(pace: Pace, ends: date | None, left: float) -> str:
    """How long the budget lasts."""
    if left <= 0:
        return _("Nothing is left of the budget.")
    if pace.per_day <= 0:
        return _("Nothing was used in the last seven days.")
    each = number(pace.per_day, 1 if pace.per_day >= 1 else 4)
    if pace.lasts_until is None:
        return _("At the pace of the last seven days, {n} credits a day, the budget lasts for many years.").format(
            n=each
        )
    if ends is not None and pace.lasts_until > ends:
        return _(
            "At the pace of the last seven days, {n} credits a day, the budget lasts beyond the pilot's end on {day}."
        ).format(n=each, day=day(ends))
    return _("At the pace of the last seven days, {n} credits a day, the budget lasts until {day}.").format(
        n=each, day=day(pace.lasts_until)
    )
