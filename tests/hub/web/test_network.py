"""The picture of the consortium: everything has a place of its own, the same at every visit."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from kontor.people.partners import load_partners
from kontor.pilots.consortium import Filters
from kontor.pilots.helix import mix
from kontor.pilots.snapshot import Entry
from kontor.web.network import FIELD, Network, network, short, spaced
from tests import crowd

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PARTNERS = load_partners()


def drawn(count: int) -> Network:
    entries = [
        Entry(pilot, mix(taking, PARTNERS), pilot.mode(NOON), 20, {}, {}) for pilot, taking in crowd.pilots(now=NOON)
    ]
    return network(entries[:count], PARTNERS, Filters())


@pytest.mark.parametrize("count", [0, 1, 4, 10, 11, 40, 75])
def test_every_pilot_and_partner_has_a_place_of_its_own(count: int) -> None:
    found = drawn(count)
    assert len(found.spots) == count
    assert sum(not knot.others for knot in found.knots) == len(PARTNERS)
    for things, gap in ((found.spots, 24), (found.knots, 24)):
        for x in {one.x for one in things}:
            rows = sorted(one.y for one in things if one.x == x)
            assert all(after - before >= gap for before, after in pairwise(rows)), "large enough to point at"
    for spot in found.spots:
        assert FIELD[0] < spot.x < FIELD[1]
        assert 24 < spot.y < found.height
    assert found.labelled is (count <= 10)


def test_a_knot_has_a_line_for_each_of_its_pilots() -> None:
    found = drawn(75)
    for knot in found.knots:
        assert knot.path.count("M") == knot.count
    assert (
        sum(knot.count for knot in found.knots)
        == found.path.count("M")
        == sum(spot.path.count("M") for spot in found.spots)
    )


def test_the_picture_is_the_same_at_every_visit() -> None:
    assert drawn(75) == drawn(75)


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([50], [50], id="one as wanted"),
        pytest.param([0], [10], id="not above the top"),
        pytest.param([50, 50], [45, 55], id="two apart, around what they want"),
        pytest.param([95, 99], [90, 100], id="pushed up from the bottom"),
        pytest.param([20, 60], [20, 60], id="far enough apart"),
    ],
)
def test_places_are_near_what_is_wanted_and_apart(wanted: list[float], places: list[int]) -> None:
    assert spaced(wanted, 10, 10, 100) == places


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("DESY", "DESY"),
        ("Technical University of Denmark (DTU)", "DTU"),
        ("European Spallation Source (ESS)", "ESS"),
        ("Skåne University Hospital", "Skåne University Hospital"),
        ("An organisation with a very long name", "An organisation with a ver…"),
    ],
)
def test_names_fit_beside_their_knots(name: str, label: str) -> None:
    assert short(name) == label
