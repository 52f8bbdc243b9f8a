"""Every page of the service with somebody who may see it, and a house in which there is something to see.

A new page without a row here fails `tests/ui/test_accessibility.py`, which looks at each in a browser.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from kontor.data import catalogue
from kontor.pilots import members, store
from tests.hub.web.callers import fill_roles, routes_of
from tests.hub.web.documents import furnish as furnish_folder
from tests.hub.web.house import House, a_cluster, a_data_set, account

# who looks, at what, and with which status it answers
PAGES: list[tuple[str | None, str, int]] = [
    ("maja", "", 200),
    ("maja", "pilots", 200),
    ("maja", "pilots/new", 200),
    ("ingrid", "proposals", 200),
    ("maja", "consortium", 200),
    ("ingrid", "log", 200),
    ("maja", "pilots/knee-mr", 200),
    ("tove", "pilots/knee-mr", 200),
    ("henrik", "pilots/knee-mr", 200),
    ("maja", "pilots/knee-mr/edit", 200),
    ("maja", "pilots/knee-mr/people", 200),
    ("tove", "pilots/knee-mr/people", 200),
    ("maja", "pilots/knee-mr/people/add", 200),
    ("maja", "pilots/knee-mr/people/invite", 200),
    ("maja", "pilots/knee-mr/people/{jonas}/remove", 200),
    ("maja", "pilots/knee-mr/people/{jonas}/lead", 200),
    ("maja", "pilots/knee-mr/files", 200),
    ("maja", "pilots/knee-mr/files/results", 200),
    ("maja", "pilots/knee-mr/files/results/notes.txt", 200),
    ("maja", "pilots/knee-mr/files/results/look.ipynb", 200),
    ("maja", "pilots/knee-mr/delete/results/notes.txt", 200),
    ("maja", "pilots/knee-mr/share?path=results/notes.txt", 200),
    ("maja", "pilots/knee-mr/shares", 200),
    ("maja", "pilots/knee-mr/budget", 200),
    ("maja", "pilots/knee-mr/budget/grace", 200),
    ("ingrid", "pilots/knee-mr/budget/credits", 200),
    ("maja", "pilots/knee-mr/log", 200),
    ("maja", "pilots/knee-mr/steps/close", 200),
    ("maja", "pilots/knee-mr/workspace/opening", 200),
    ("maja", "pilots/hoped-for", 200),
    ("ingrid", "pilots/hoped-for", 200),
    ("maja", "pilots/nearly-over", 200),
    ("ingrid", "pilots/long-ago/deletion", 200),
    ("nils", "waiting", 200),
    ("nils", "join/{invitation}", 200),
    ("erik", "{share}", 200),
    ("erik", "pilots/knee-mr", 403),
    (None, "nothing/here", 404),
]

# GET routes that answer with something else than a page of their own: files, pictures, redirects, parts of pages
NO_PAGES = [
    r"fragments/.*",
    r".*\.csv",
    r".*/(download|picture|rendered)/.*",
    r".*/(clusters|document|export|steps|workspace|preview\.png)",
    r"oauth_callback",
    r"(api|static)/.*",
]


def furnish(house: House) -> dict[str, str]:
    """Let there be something to see and somebody to see it; returns what stands for the names in PAGES."""
    fill_roles(house)
    furnish_folder(house)
    house.clusters.running = [a_cluster("knee-mr"), a_cluster("knee-mr", "c2", status="pending", workers=0)]
    house.hub.servers["ws-knee-mr"] = {"ready": False, "pending": "spawn"}
    house.app.state.presence.heard("knee-mr", [account("jonas"), account("maja")])
    with house.session() as session, session.begin():
        knee = store.get(session, "knee-mr")
        assert knee is not None
        soon = date.today() + timedelta(days=20)
        for slug, state in (("hoped-for", "proposed"), ("nearly-over", "closing")):
            store.create(
                session,
                store.Pilot(
                    **{
                        **vars(knee),
                        "slug": slug,
                        "title": f"Ours, {state}",
                        "question": "Why" * 100,  # a word that is wider than any page
                        "state": state,
                        "ends": soon,
                    }
                ),
            )
            members.add(session, slug, account("maja"), "lead")
        catalogue.register(session, a_data_set("knee-mr", "second", title="Second", preview="raw/knee-mr/second.png"))
    return {"jonas": account("jonas")}


async def links(house: House) -> dict[str, str]:
    """An invitation and a share link, made on the pages for it."""
    async with house.browser("maja") as client:
        client.headers["Origin"] = house.origin
        form = {"role": "editor", "note": "Nils, whom I met in Lund"}
        invited = await client.post(house.prefix + "pilots/knee-mr/people/invite", data=form)
        form = {"path": "results/notes.txt", "role": "viewer", "days": "7", "note": ""}
        shared = await client.post(house.prefix + "pilots/knee-mr/share", data=form)
    invitation = re.search(r"/join/([A-Za-z0-9_-]{43})<", invited.text)
    share = re.search(r"/(shared/[\w-]{20,})", shared.text)
    assert invitation
    assert share
    return {"invitation": invitation[1], "share": share[1]}


def pages_without_a_row(house: House) -> set[str]:
    """Paths of routes that show a page and are not in PAGES."""
    paths = {route.path for route in routes_of(house.app, house.prefix) if route.method == "GET"}
    rows = [path.split("?")[0].replace("{share}", "shared/x") for _persona, path, _status in PAGES]
    missing = set()
    for path in paths:
        shape = re.sub(r"\\\{\w+:path\\\}", ".+", re.escape(path))
        shape = re.sub(r"\\\{\w+\\\}", "[^/]+", shape)
        if not any(re.fullmatch(shape, row) for row in rows) and not any(re.fullmatch(one, path) for one in NO_PAGES):
            missing.add(path)
    return missing
