"""Long lists come in pages: which part was asked for, and the part itself with the number of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

Item = TypeVar("Item")
LARGEST = 200


@dataclass(frozen=True)
class Paging:
    """Which part of a list was asked for."""

    offset: int = 0
    limit: int = 50

    def part(self, items: Sequence[Item]) -> Sequence[Item]:
        """The part, of a list that is whole in memory."""
        return items[self.offset : self.offset + self.limit]


class Page(BaseModel, Generic[Item]):
    """A part of a list; `total` counts the whole."""

    items: list[Item]
    total: int
    offset: int
    limit: int


def _paging(
    offset: Annotated[int, Query(ge=0, le=1_000_000_000, description="How many to leave out.")] = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST, description="How many to send.")] = 50,
) -> Paging:
    return Paging(offset, limit)


FromPaging = Annotated[Paging, Depends(_paging)]
