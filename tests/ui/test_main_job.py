"""The main job of Kontor, in real browsers.

Two people of two partners in two countries sign in, open the same pilot's workspace, write in one notebook, run a cell
on the pilot's Dask cluster over the stored data, and both see the picture.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from playwright.async_api import expect

from kontor.clusters.client import ClusterClient
from tests.tree import Tree
from tests.ui.browser import PATIENCE, Screen

pytestmark = [pytest.mark.tree, pytest.mark.browser]

ANALYSIS = """import kontor
client = kontor.connect_cluster(workers=1)
volume = kontor.open_dataset("knee-mr/brain-mr")
name = max(volume.data_vars, key=lambda each: volume[each].size)
axis = volume[name].dims[0]
future = client.compute(volume[name].mean(axis))
picture = future.result()
where = set().union(*client.who_has([future]).values())
print("computed by", len(where), "worker at", *where)
picture.plot.imshow(add_colorbar=False)
"""


async def test_two_people_in_two_countries(tree: Tree, screen: Callable[[str], Awaitable[Screen]]) -> None:
    clusters = ClusterClient(tree.site)
    try:
        await clusters.stop_all("knee-mr")  # of earlier tests
        await play(await asyncio.gather(screen("maja"), screen("jonas")))
        assert [cluster.workers for cluster in await clusters.list("knee-mr")] == [1]
        await clusters.stop_all("knee-mr")
    finally:
        await clusters.close()


async def play(people: Sequence[Screen]) -> None:
    """From the lobby to the picture on both screens."""
    maja, jonas = people
    await maja.open_workspace("Cartilage under load")
    await jonas.open_workspace("Cartilage under load")

    await jonas.open_file(await maja.new_notebook())

    await maja.write(0, "# Maja begins\n")
    await expect(jonas.cell(0)).to_contain_text("# Maja begins")
    await jonas.write(0, "# Jonas goes on\n")
    await expect(maja.cell(0)).to_contain_text("# Jonas goes on")
    await expect(jonas.cell(0)).to_contain_text("# Maja begins# Jonas goes on")

    await sees(maja, "Jonas Petersen")
    await sees(jonas, "Maja Lindqvist")

    await jonas.write(0, ANALYSIS)
    await expect(maja.cell(0)).to_contain_text("picture.plot.imshow")
    await maja.run(0)
    for one in (maja, jonas):
        await expect(one.output.filter(has_text="computed by 1 worker at tls://")).to_be_visible(timeout=2 * PATIENCE)
        picture = one.output.locator("img")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("image => image.complete && image.naturalWidth") > 200


async def sees(one: Screen, name: str) -> None:
    """Somebody's Pilots panel says that `name` is here now."""
    await one.page.locator("li[data-id='kontor-pilots']").click()
    await expect(one.page.locator("#kontor-pilots .kontor-names")).to_contain_text(name, timeout=PATIENCE)
