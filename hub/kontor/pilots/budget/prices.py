"""What things cost: a pure function from seconds to credits."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from kontor.settings import BudgetSettings, ClusterSettings

HOUR: Final = 3600.0
MONTH: Final = 30 * 24 * HOUR
GB: Final = 1e9
_MEMORY = re.compile(r"\A([0-9]+(?:\.[0-9]+)?) ?([KMGT])\Z")
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True)
class Amount:
    """What was used: seconds of cores, of GB of memory, of GB of storage (GB: 10⁹ bytes)."""

    core_seconds: float = 0.0
    memory_gb_seconds: float = 0.0
    storage_gb_seconds: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} cannot be {value!r}")

    def __add__(self, other: Amount) -> Amount:
        return Amount(*(mine + theirs for mine, theirs in zip(self.parts, other.parts, strict=True)))

    def __truediv__(self, number: int) -> Amount:
        return Amount(*(part / number for part in self.parts))

    def __bool__(self) -> bool:
        return any(self.parts)

    @property
    def parts(self) -> tuple[float, float, float]:
        return self.core_seconds, self.memory_gb_seconds, self.storage_gb_seconds


@dataclass(frozen=True)
class Prices:
    """Credits for one core for an hour, one GB of memory for an hour, one GB of storage for 30 days."""

    core_hour: float
    memory_hour: float
    storage_month: float

    @classmethod
    def of(cls, settings: BudgetSettings) -> Prices:
        """The price list of the settings."""
        return cls(settings.core_hour, settings.memory_hour, settings.storage_month)

    def credits(self, amount: Amount) -> float:
        """What an amount costs."""
        return (
            amount.core_seconds / HOUR * self.core_hour
            + amount.memory_gb_seconds / HOUR * self.memory_hour
            + amount.storage_gb_seconds / MONTH * self.storage_month
        )


def gigabytes(memory: str) -> float:
    """A size as the settings write it (`1 G` is 2³⁰ bytes, as Dask reads it) in GB."""
    found = _MEMORY.match(memory)
    if found is None:
        raise ValueError(f"{memory!r} is not a size")
    return float(found[1]) * 1024.0 ** _POWERS[found[2]] / GB


def of_workers(workers: int, seconds: float, settings: ClusterSettings) -> Amount:
    """What workers of a cluster use in a time: all that they have been given, busy or not."""
    held = workers * max(0.0, seconds)
    return Amount(held * settings.worker_threads, held * gigabytes(settings.worker_memory))
