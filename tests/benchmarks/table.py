"""How every benchmark reports: a table for people, and one JSON object as its last line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One measurement.

    Parameters
    ----------
    what, unit : str
    stock : float or None
        The stock peer in the same run; None where there is none.
    ours : float
    goal : str
        The goal in words.
    met : bool
    """

    what: str
    unit: str
    stock: float | None
    ours: float
    goal: str
    met: bool

    @property
    def ratio(self) -> float | None:
        """Stock divided by ours: how many times less we need."""
        return None if self.stock is None else round(self.stock / self.ours, 2)


def report(bench: str, rows: list[Row]) -> None:
    """Print the table and the JSON object."""
    print(f"\n{bench}")
    print(f"  {'what':<48} {'unit':<5} {'stock':>8} {'ours':>8} {'ratio':>6}  goal")
    for row in rows:
        stock = "-" if row.stock is None else f"{row.stock:.2f}"
        ratio = "-" if row.ratio is None else f"{row.ratio:.1f}x"
        end = f"{row.goal} {'met' if row.met else 'NOT MET'}"
        print(f"  {row.what:<48} {row.unit:<5} {stock:>8} {row.ours:>8.2f} {ratio:>6}  {end}")
    print(json.dumps({"bench": bench, "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}))
