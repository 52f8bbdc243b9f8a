"""A picture with controls: drawn once at first, again when a control moves, never left open."""

from __future__ import annotations

from typing import Any

import ipywidgets
import matplotlib
import pytest

from kontor.lab.explore import explore


@pytest.fixture(autouse=True)
def _no_screen() -> None:
    matplotlib.use("Agg")


def test_moving_a_control_changes_the_picture() -> None:
    import matplotlib.pyplot as plt

    def draw(height: int) -> Any:
        figure, axes = plt.subplots(figsize=(2, 2))
        axes.plot([0, height])
        if height == 9:
            raise ValueError("too high")
        return figure

    slider = ipywidgets.IntSlider(value=1, min=0, max=10)
    box = explore(draw, height=slider)
    said, picture = box.children[-2:]
    first = bytes(picture.value)
    assert first.startswith(b"\x89PNG")
    slider.value = 5
    assert bytes(picture.value).startswith(b"\x89PNG")
    assert bytes(picture.value) != first
    assert said.value == ""
    slider.value = 9
    assert said.value == "ValueError: too high"
    plt.close("all")
    slider.value = 3
    assert said.value == ""
    assert plt.get_fignums() == [], "no figure is left open"
