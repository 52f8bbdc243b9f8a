"""What the pages show, and what they never show."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from kontor.errors import Conflict
from kontor.quantities import ago, size
from kontor.web.lobby import greeting
from tests.hub.web.house import NASTY, PNG, House, a_cluster, account

PAGES = ["", "pilots", "pilots/knee-mr", "pilots/knee-mr/workspace/opening", "nothing", "pilots/membrane-proteins"]


async def get(house: House, persona: str, path: str) -> str:
    async with house.browser(persona) as client:
        return (await client.get(house.prefix + path)).text


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_the_frame_and_nothing_inline(house: House, path: str) -> None:
    house.hub.servers["ws-knee-mr"] = {"ready": False, "pending": "spawn"}
    text = await get(house, "maja", path)
    assert '<html lang="en">' in text
    assert text.count("<h1") == 1
    assert text.index('href="#main">Skip') < text.index("<header") < text.index('<main id="main">')
    assert re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text) is None
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert '"allowEval":false' in text
    assert '"includeIndicatorStyles":false' in text


@pytest.mark.parametrize("path", ["", "pilots", "pilots/knee-mr"])
async def test_every_link_of_ours_leads_somewhere(house: House, path: str) -> None:
    text = await get(house, "maja", path)
    targets = set(re.findall(rf'(?:href|src|hx-get)="({house.prefix}[^"#]*)"', text))
    assert len(targets) > 5
    async with house.browser("maja") as client:
        for target in sorted(targets):
            answer = await client.get(target)
            assert answer.status_code in (200, 303), target


async def test_what_people_type_is_text_and_never_markup(house: House) -> None:
    for persona, path in (
        ("maja", ""),
        ("maja", "pilots/knee-mr"),
        ("erik", ""),
        ("erik", "pilots/battery-neutrons"),
        ("erik", "pilots"),
        ("erik", "fragments/here"),
    ):
        text = await get(house, persona, path)
        assert NASTY not in text
        assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in await get(house, "erik", "")


async def test_the_lobby_shows_my_pilots_and_who_is_there(house: House) -> None:
    house.app.state.presence.heard("knee-mr", [account("jonas"), account("maja")])
    text = await get(house, "maja", "")
    for words in (
        "Maja",
        "Skåne University Hospital",
        "Cartilage under load",
        "Plasma proteome",
        "Jonas Petersen, ",
        "Open workspace",
        "One other person is at work",
        "New data:",
        "SE · DK · DE",
        "hospital · facility",
    ):
        assert words in text.replace("Maja Lindqvist, Jonas Petersen: ", "Jonas Petersen, "), words
    assert "Lithium" not in text
    assert f'href="{house.site.public_url}/hub/spawn"' in text


async def test_the_picture_of_the_consortium_is_counted_from_the_tables(house: House) -> None:
    text = await get(house, "maja", "")
    assert 'aria-label="People in pilots: Sweden 3, ' in text
    assert "8 people in 4 pilots; 22 partners" in text


async def test_the_waiting_room_says_what_happens_next(house: House) -> None:
    async with house.browser("nils") as client:
        assert (await client.get(house.prefix)).headers["location"] == f"{house.prefix}waiting"
        text = (await client.get(f"{house.prefix}waiting")).text
    for words in ("You are not in a pilot yet", "Whom to ask", "What happens next"):
        assert words in text


async def test_the_pilot_page(house: House) -> None:
    house.clusters.running = [a_cluster("knee-mr"), a_cluster("battery-neutrons", "c2")]
    text = await get(house, "jonas", "pilots/knee-mr")
    for words in (
        "collagen",
        "Anke Vogt",
        "runner · DESY, Germany",
        'kontor.open_dataset("knee-mr/brain-mr")',
        "NIfTI · 1.6 MB",
        "CC0",
        "2 of 2 workers",
        "started by Maja Lindqvist 3 minutes ago",
        "closed, opens in seconds",
        "(you)",
    ):
        assert words in text, words
    assert text.count("of 2 workers") == 1, "clusters of other pilots are not shown"


async def test_who_may_not_run_sees_no_buttons(house: House) -> None:
    house.clusters.running = [a_cluster("sepsis-proteome")]
    text = await get(house, "greta", "pilots/sepsis-proteome")
    assert "Start a cluster" not in text
    assert ">Stop<" not in text
    assert "Open workspace" not in text
    assert "Your role here is reviewer" in text


async def test_previews_are_pictures(house: House) -> None:
    async with house.browser("anke") as client:
        answer = await client.get(f"{house.prefix}data/knee-mr/brain-mr/preview.png")
        assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
        assert (await client.get(f"{house.prefix}data/knee-mr/nothing/preview.png")).status_code == 404


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ({"do": "start", "workers": "3"}, ("start", "knee-mr", 3, account("maja"))),
        ({"do": "scale", "name": "c1", "workers": "0"}, ("scale", "knee-mr", "c1", 0)),
        ({"do": "stop", "name": "c1"}, ("stop", "knee-mr", "c1")),
    ],
    ids=lambda value: value.get("do") if isinstance(value, dict) else "",
)
async def test_clusters_are_started_scaled_and_stopped(
    house: House, form: dict[str, str], asked: tuple[object, ...]
) -> None:
    async with house.browser("maja") as client:
        answer = await client.post(
            f"{house.prefix}pilots/knee-mr/clusters", data=form, headers={"Origin": house.origin}
        )
    assert (answer.status_code, answer.headers["location"]) == (303, f"{house.prefix}pilots/knee-mr#clusters")
    assert house.clusters.asked == [asked]


async def test_what_the_gateway_refuses_is_shown_on_the_page(house: House) -> None:
    house.clusters.refusal = Conflict("This pilot runs 2 clusters already.")
    async with house.browser("maja") as client:
        answer = await client.post(
            f"{house.prefix}pilots/knee-mr/clusters", data={"do": "start"}, headers={"Origin": house.origin}
        )
        assert (answer.status_code, "runs 2 clusters already" in answer.text) == (409, True)
        unknown = await client.post(
            f"{house.prefix}pilots/knee-mr/clusters", data={"do": "explode"}, headers={"Origin": house.origin}
        )
        assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (4, "Good evening"),
        (5, "Good morning"),
        (11, "Good morning"),
        (12, "Good afternoon"),
        (17, "Good afternoon"),
        (18, "Good evening"),
    ],
)
def test_greetings_follow_the_clock_in_lund(hour: int, words: str) -> None:
    assert greeting(datetime(2026, 1, 15, hour - 1, tzinfo=UTC)) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (1617531, "1.6 MB"),
        (9_940_000, "9.9 MB"),
        (34464768, "34 MB"),
        (999_600_000, "1.0 GB"),
        (21_000_000_000, "21 GB"),
        (3 * 10**15, "3000 TB"),
    ],
)
def test_sizes(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (-5, "just now"),
        (89, "just now"),
        (90, "2 minutes ago"),
        (3600, "1 hour ago"),
        (5400, "2 hours ago"),
        (130000, "2 days ago"),
    ],
)
def test_how_long_ago(seconds: int, words: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert ago(now - timedelta(seconds=seconds), now) == words
