"""The arithmetic of counters, and the size of folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kontor.pilots.budget import processes, storage
from kontor.pilots.budget.processes import Counter, core_seconds


def c(own: float, reaped: float = 0.0, parent: str = "", slug: str = "one") -> Counter:
    return Counter(own, reaped, parent, slug)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param({}, {}, {}, id="nothing"),
        pytest.param({}, {"a": c(3.0)}, {"one": 3.0}, id="new"),
        pytest.param({"a": c(3.0)}, {"a": c(3.0)}, {"one": 0.0}, id="idle"),
        pytest.param({"a": c(3.0)}, {"a": c(5.0)}, {"one": 2.0}, id="busy"),
        pytest.param({"a": c(1), "b": c(4, 0, "a")}, {"a": c(1, 6)}, {"one": 2.0}, id="a child ended"),
        pytest.param({"a": c(1)}, {"a": c(1, 6)}, {"one": 6.0}, id="a child came and went"),
        pytest.param({"a": c(1), "b": c(4, 0, "a")}, {"a": c(1)}, {"one": 0.0}, id="an ended child is not reaped yet"),
        pytest.param(
            {"a": c(1), "b": c(2, 0, "a"), "d": c(3, 0, "b")}, {"a": c(1, 7)}, {"one": 2.0}, id="a branch ended"
        ),
        pytest.param({"a": c(9), "b": c(2, 0, "a")}, {"b": c(3)}, {"one": 1.0}, id="the parent ended"),
        pytest.param({"a": c(9)}, {"a2": c(1)}, {"one": 1.0}, id="number used again"),
        pytest.param({"a": c(9)}, {"a": c(5)}, {"one": 0.0}, id="never backwards"),
        pytest.param({}, {"a": c(1), "z": c(2, slug="two")}, {"one": 1.0, "two": 2.0}, id="two pilots"),
        pytest.param({"a": c(1, 0, "b"), "b": c(1, 0, "a")}, {}, {}, id="a circle ends"),
    ],
)
def test_core_seconds(before: dict[str, Counter], now: dict[str, Counter], expected: dict[str, float]) -> None:
    assert core_seconds(before, now) == expected


def test_counters_are_kept_as_text() -> None:
    counters = {"5:100": c(1.5, 2.5, "4:90")}
    assert processes.read(processes.written(counters)) == counters
    assert processes.read("not ours") == processes.read("[1]") == {}


def test_a_folder_is_measured_without_leaving_it(tmp_path: Path) -> None:
    inside, outside = tmp_path / "pilot", tmp_path / "outside"
    for folder in (inside / "deep" / "er", outside):
        folder.mkdir(parents=True)
    (outside / "large").write_bytes(os.urandom(5_000_000))
    empty = storage.folder_bytes(inside)
    (inside / "deep" / "er" / "file").write_bytes(os.urandom(1_000_000))
    os.link(inside / "deep" / "er" / "file", inside / "again")
    (inside / "link").symlink_to(outside, target_is_directory=True)
    (inside / "loop").symlink_to(inside, target_is_directory=True)
    with (inside / "sparse").open("wb") as file:
        file.truncate(10**12)
    assert 1_000_000 <= storage.folder_bytes(inside) - empty < 1_300_000
    assert storage.folder_bytes(tmp_path / "nothing") == 0
    (tmp_path / "as-link").symlink_to(outside, target_is_directory=True)
    assert storage.folder_bytes(tmp_path / "as-link") < 100_000
