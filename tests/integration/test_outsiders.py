"""A person outside the pilot: refused at the workspace, its files, its cluster and its data; a member is not.

The table has a row for each door and a column for each caller, nobody first. The tree is the real one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest

from kontor.clusters.client import ClusterClient
from kontor.hubapi import HubAPI
from tests.tree import Tree, Visitor, account, open_workspace
from tests.waiting import until

pytestmark = pytest.mark.tree

PILOT = "knee-mr"
MEMBER, READER, STRANGER, GUEST = "maja", "anke", "kari", "nils"


@pytest.fixture(scope="module")
async def workspace(tree: Tree) -> str:
    """The pilot's workspace, running; its address."""
    return await open_workspace(tree, PILOT)


def status_of(visitor: Visitor, url: str) -> int:
    """The status of a page or a lab's API for this visitor, as their browser asks; being sent to sign in is 401."""
    if lab := re.match(r".*/user/ws-[a-z-]+/", url):
        visitor.client.get(f"{lab.group(0)}lab")
    tokens = [cookie.value for cookie in visitor.client.cookies.jar if cookie.name == "_xsrf" and cookie.domain in url]
    answer = visitor.client.get(url, headers={"Accept": "text/html", "X-XSRFToken": (tokens or [""])[0] or ""})
    return 401 if "/hub/login" in str(answer.url) else answer.status_code


DOORS = [
    ("workspace", lambda base, lobby: f"{base}/lab"),
    ("files of the workspace", lambda base, lobby: f"{base}/files/01-first-steps.ipynb"),
    ("contents of the workspace", lambda base, lobby: f"{base}/api/contents/01-first-steps.ipynb"),
    ("kernels of the workspace", lambda base, lobby: f"{base}/api/kernels"),
    ("panel of the workspace", lambda base, lobby: f"{base}/kontor/api/pilots"),
    ("pilot page", lambda base, lobby: f"{lobby}pilots/{PILOT}"),
    ("opening the workspace", lambda base, lobby: f"{lobby}pilots/{PILOT}/workspace"),
    ("picture of the data", lambda base, lobby: f"{lobby}data/{PILOT}/brain-mr/preview.png"),
]


@pytest.mark.parametrize("door", [door for _, door in DOORS], ids=[name for name, _ in DOORS])
async def test_pages(tree: Tree, workspace: str, door: Callable[[str, str], str]) -> None:
    url = door(workspace, tree.site.service_public_url)
    with tree.visitor() as nobody:
        assert status_of(nobody, url) in {401, 403}
    for who in (STRANGER, GUEST):
        with tree.signed_in(who) as visitor:
            assert status_of(visitor, url) == 403, who
    with tree.signed_in(MEMBER) as visitor:
        assert status_of(visitor, url) == 200


async def token_of_lab(tree: Tree, who: str) -> str:
    """The token inside a person's own running lab."""
    with tree.signed_in(who) as visitor:
        visitor.client.get(f"{tree.site.public_url}/hub/spawn")
    path = tree.site.run / "labs" / account(who) / "token"

    async def made() -> bool:
        if not path.exists():
            return False
        async with HubAPI(tree.site.hub_api_url, path.read_text()) as hub:
            return await hub.user_for_token(path.read_text()) is not None

    await until(made, f"the lab of {who} has its token", seconds=120)
    return path.read_text()


API = [
    (f"pilots/{PILOT}", {MEMBER: 200, READER: 200, STRANGER: 403}),
    (f"pilots/{PILOT}/datasets", {MEMBER: 200, READER: 200, STRANGER: 403}),
    (f"datasets/{PILOT}/brain-mr", {MEMBER: 200, READER: 200, STRANGER: 403}),
    (f"store/credentials/{PILOT}", {MEMBER: 200, READER: 200, STRANGER: 403}),
]


@pytest.mark.parametrize(("path", "answers"), API, ids=[path for path, _ in API])
async def test_api_from_a_lab(tree: Tree, path: str, answers: dict[str, int]) -> None:
    async with httpx.AsyncClient(base_url=tree.site.service_url + "api/", trust_env=False) as client:
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers={"Authorization": "Bearer nonsense"})).status_code == 401
        for who, status in answers.items():
            token = await token_of_lab(tree, who)
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status, f"{who}: {answer.text}"


async def test_keys_open_the_own_pilot_only(tree: Tree) -> None:
    import botocore.exceptions

    from kontor.data.objectstore import client

    token = await token_of_lab(tree, READER)
    async with httpx.AsyncClient(base_url=tree.site.service_url + "api/", trust_env=False) as http:
        answer = await http.get(f"store/credentials/{PILOT}", headers={"Authorization": token})
    keys = answer.json()
    s3 = client("s3", tree.site.store_url, keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
    own = s3.list_objects_v2(Bucket="kontor", Prefix=f"raw/{PILOT}/")["Contents"]
    assert any(entry["Key"].endswith("/zarr.json") for entry in own)
    for prefix in ("raw/membrane-proteins/", "raw/", ""):
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            s3.list_objects_v2(Bucket="kontor", Prefix=prefix)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        s3.put_object(Bucket="kontor", Key=own[0]["Key"], Body=b"forged")


async def test_the_cluster(tree: Tree, workspace: str) -> None:
    clusters = ClusterClient(tree.site)
    try:
        started = await clusters.start(PILOT, workers=0, started_by=account(MEMBER))
        url = f"{tree.site.gateway_url}/api/v1/clusters/{quote(started)}"
        async with httpx.AsyncClient(trust_env=False) as nobody:
            assert (await nobody.get(url)).status_code == 401
        for who, status in {MEMBER: 200, READER: 200, STRANGER: 403}.items():
            bearer = {"Authorization": f"jupyterhub {await token_of_lab(tree, who)}"}
            async with httpx.AsyncClient(trust_env=False, headers=bearer) as client:
                assert (await client.get(url)).status_code == status, who
                listed = (await client.get(f"{tree.site.gateway_url}/api/v1/clusters/")).json()
                assert (started in listed) is (status == 200), who
                if who == STRANGER:
                    assert (await client.post(f"{url}/scale", json={"count": 1})).status_code == 403
                    assert (await client.delete(url)).status_code == 403
    finally:
        await clusters.stop_all(PILOT)
        await clusters.close()


async def test_somebody_without_a_pilot_meets_the_waiting_room(tree: Tree) -> None:
    with tree.visitor() as nils:
        arrived = nils.sign_in(GUEST)
        assert arrived.status_code == 200
        assert "/waiting" in str(arrived.url)
        assert re.search(r"<h1[^>]*>", arrived.text)
        refused = nils.client.get(f"{tree.site.public_url}/hub/spawn")
        assert refused.status_code == 403
        assert "do not belong to a pilot yet" in refused.text
