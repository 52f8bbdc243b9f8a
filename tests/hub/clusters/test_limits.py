"""Limits of a pilot, with the boundary and the refusals."""

from __future__ import annotations

from typing import Any

import pytest

from kontor.clusters.limits import Limits
from kontor.settings import ClusterSettings

LIMITS = Limits(clusters=2, workers=4)


def test_limits_come_from_the_settings() -> None:
    assert Limits.of(ClusterSettings(clusters_per_pilot=7, workers_per_pilot=9)) == Limits(clusters=7, workers=9)


@pytest.mark.parametrize(("running", "may"), [([], True), (["a"], True), (["a", "b"], False), (["a", "b", "c"], False)])
def test_clusters(running: list[str], may: bool) -> None:
    refusal = LIMITS.refuse_cluster("knee-mr", running)
    assert (refusal is None) is may
    if refusal:
        assert refusal == (
            f"The pilot knee-mr already runs {len(running)} clusters, as many as it may. "
            "Use one of them, or stop one and try again."
        )


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        pytest.param(0, None, id="none"),
        pytest.param(4, None, id="all"),
        pytest.param(5, "at most 4 workers at once; 5 is too many", id="one more"),
        pytest.param(10**12, "1000000000000 is too many", id="absurd"),
        pytest.param(10**60, "0000... is too many", id="absurd beyond printing"),
        pytest.param(-1, "from 0 to 4; -1 is not", id="negative"),
        pytest.param(2.0, "2.0 is not", id="float"),
        pytest.param(float("nan"), "nan is not", id="nan"),
        pytest.param(True, "True is not", id="bool"),
        pytest.param("2", "'2' is not", id="text"),
        pytest.param("a\nb", r"'a\nb' is not", id="newline"),
        pytest.param(None, "None is not", id="nothing"),
        pytest.param([], "[] is not", id="list"),
    ],
)
def test_numbers(wanted: Any, says: str | None) -> None:
    refusal = LIMITS.refuse_number(wanted)
    assert refusal is None if says is None else refusal is not None and says in refusal


@pytest.mark.parametrize(
    ("wanted", "elsewhere", "may"),
    [(4, 0, True), (1, 3, True), (2, 3, False), (0, 4, True), (1, 4, False), (0, 9, True)],
)
def test_workers_over_all_clusters(wanted: int, elsewhere: int, may: bool) -> None:
    refusal = LIMITS.refuse_workers("knee-mr", wanted, elsewhere)
    assert (refusal is None) is may
    if refusal:
        assert f"its other clusters have {elsewhere} of them" in refusal
        assert f"at most {max(0, 4 - elsewhere)} here" in refusal
