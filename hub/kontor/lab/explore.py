"""A picture with controls, for notebooks that several people have open at once.

The picture is one image that the kernel holds: everyone who has the notebook open sees the same one, whoever moves a
slider. (`ipywidgets.interact` shows outputs that every browser collects for itself, which double in a shared notebook.)
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import ipywidgets  # type: ignore[import-untyped, unused-ignore]
import matplotlib.pyplot as plt


def explore(draw: Callable[..., Any], **controls: Any) -> Any:
    """Show what `draw` draws, and draw it anew when a control is moved.

    Parameters
    ----------
    draw : callable
        Gets the value of each control by its name; returns a matplotlib figure.
    **controls : ipywidgets.Widget
        Sliders, boxes, lists; by the names that `draw` has for them.

    Returns
    -------
    ipywidgets.VBox
        Controls and picture; the last line of a cell shows it. If `draw` fails, its error stands below the controls.
    """
    picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="100%", object_fit="contain"))
    said = ipywidgets.Label()

    def again(_: object = None) -> None:
        try:
            picture.value = _png(draw(**{name: control.value for name, control in controls.items()}))
            said.value = ""
        except Exception as error:  # the person's own code: say it where they look
            said.value = f"{type(error).__name__}: {error}"

    for control in controls.values():
        control.observe(again, names="value")
    again()
    return ipywidgets.VBox([*controls.values(), said, picture])


def _png(figure: Any) -> bytes:
    out = io.BytesIO()
    try:
        figure.savefig(out, format="png", dpi=100, bbox_inches="tight")
    finally:
        plt.close(figure)
    return out.getvalue()
