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
from tests.tree import Tree, close_workspace
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


async def test_a_slider_moves_on_both_screens(tree: Tree, screen: Callable[[str], Awaitable[Screen]]) -> None:
    """One runs a notebook that came with the workspace; the other sees its slider and pictures, too, not plain text."""
    maja, lars = await asyncio.gather(screen("maja"), screen("lars"))
    for one in (maja, lars):
        await one.open_workspace("Plasma proteome")
        await one.open_file("30-mass-spectrometry.ipynb")
    await maja.run_all()
    for one in (maja, lars):
        await expect(one.output.locator(".widget-slider").first).to_be_visible(timeout=3 * PATIENCE)
        await expect(one.output.filter(has_text="VBox(children=")).to_have_count(0)


async def test_a_workspace_that_was_closed_opens_again(tree: Tree, screen: Callable[[str], Awaitable[Screen]]) -> None:
    """A bookmark of a workspace that does not run leads to a page whose button opens it; strangers are refused."""
    address = f"{tree.site.public_url_of('ws-membrane-proteins')}/user/ws-membrane-proteins/lab"
    await close_workspace(tree, "membrane-proteins")
    lars, greta = await asyncio.gather(screen("lars"), screen("greta"))
    refused = await greta.page.goto(address)
    assert refused
    assert refused.status == 403
    await expect(greta.page.get_by_role("alert")).to_contain_text("ask the lead of the pilot")
    closed = await lars.page.goto(address)
    assert closed
    assert closed.status == 424
    await lars.page.locator("#start").click()
    await expect(lars.page.locator("#jp-top-panel")).to_be_visible(timeout=2 * PATIENCE)


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
