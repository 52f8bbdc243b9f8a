"""Rights in pilots' folders: by any tool, for other accounts of the machine, in forty pilots at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kontor.pilots import demo, store
from kontor.pilots.folders.keeper import Keeper
from kontor.pilots.folders.rights import Groups, make_folders, put_right
from kontor.settings import Settings
from kontor.site import Ports, Site
from tests.waiting import until

GROUPS = Groups(900_002, 900_003)
MAKER, EDITOR, READER, STRANGER = 50_001, 50_002, 50_003, 50_004
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming other accounts needs root, which CI is")

# what tools do when they make a file: each leaves `made` in the folder it runs in
TOOLS = {
    "open with a strict umask": "umask 077; echo x > made",
    "private temporary file, renamed": 'python3 -c \'import tempfile,os; f=tempfile.NamedTemporaryFile(dir=".",'
    'delete=False); f.write(b"x"); f.close(); os.rename(f.name,"made")\'',
    "copied with its mode": "echo x > $TMPDIR/one; chmod 600 $TMPDIR/one; cp -p $TMPDIR/one made",
    "moved in from elsewhere": "echo x > $TMPDIR/two; chmod 400 $TMPDIR/two; mv $TMPDIR/two made",
    "installed": "echo x > $TMPDIR/three; install -m 600 $TMPDIR/three made",
    "unpacked": "mkdir $TMPDIR/t; echo x > $TMPDIR/t/made; chmod 600 $TMPDIR/t/made; tar -C $TMPDIR/t -cf - made"
    " | tar -xpf -",
    "a folder moved in": "mkdir $TMPDIR/d; echo x > $TMPDIR/d/in; chmod -R go-rwx $TMPDIR/d; mv $TMPDIR/d deep;"
    " ln -s deep/in made",
    "made private afterwards": "echo x > made; chmod 600 made",
}


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that every account may enter (pytest's own may not be)."""
    path = Path(tempfile.mkdtemp(prefix="kontor-folders-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def a_pilot(root: Path, slug: str = "knee-mr", groups: Groups = GROUPS, owner: int | None = None) -> Path:
    folder = root / slug
    folder.mkdir(mode=0o700)
    make_folders(folder)
    (folder / "raw" / "scan.dat").write_text("measured")
    if owner is not None:
        for path in (folder, *(one for one in folder.iterdir() if one.name != "raw")):
            os.chown(path, owner, owner)
    put_right(folder, groups)
    return folder


def as_account(uid: int, groups: list[int], script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="kontor-tool-") as temporary:
        os.chown(temporary, uid, uid)
        return subprocess.run(
            ["/bin/sh", "-c", f"cd '{folder}' && {script}"],
            user=uid,
            group=uid,
            extra_groups=groups,
            env={"PATH": os.environ["PATH"], "TMPDIR": temporary},
            capture_output=True,
            text=True,
        )


@needs_root
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("place", ["", "results", "scratch/deeper"])
async def test_what_any_tool_makes_is_open_to_editors_and_readers(root: Path, tool: str, place: str) -> None:
    folder = a_pilot(root, owner=MAKER)
    keeper = asyncio.create_task(Keeper(root, {"knee-mr": GROUPS}.get).run())
    try:
        where = folder / place
        assert as_account(MAKER, [GROUPS.editors], f"mkdir -p '{where}'", folder).returncode == 0
        made = as_account(MAKER, [GROUPS.editors], TOOLS[tool], where)
        assert made.returncode == 0, made.stderr

        def open_to_all() -> bool:
            written = as_account(EDITOR, [GROUPS.editors], "echo more >> made", where)
            read = as_account(READER, [GROUPS.readers], "cat made", where)
            return written.returncode == 0 and "x" in read.stdout

        await until(open_to_all, f"{tool} is open to the others", seconds=20)
        assert as_account(READER, [GROUPS.readers], "echo no >> made", where).returncode != 0
        assert as_account(READER, [GROUPS.readers], "rm -f made", where).returncode != 0
        assert as_account(STRANGER, [], "cat made", where).returncode != 0
        assert as_account(EDITOR, [GROUPS.editors], "mv made renamed && rm renamed", where).returncode == 0
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


@needs_root
@pytest.mark.parametrize("script", ["echo no >> scan.dat", "rm -f scan.dat", "touch new", "mkdir new", "mv scan.dat x"])
def test_raw_is_read_only_for_everybody(root: Path, script: str) -> None:
    folder = a_pilot(root, owner=MAKER)
    for path in (folder / "raw", folder / "raw" / "scan.dat"):
        os.chown(path, MAKER, MAKER)  # as where Kontor does not run as root: everything has one owner
    for uid, group in ((MAKER, GROUPS.editors), (EDITOR, GROUPS.editors), (READER, GROUPS.readers)):
        assert as_account(uid, [group], "cat scan.dat", folder / "raw").stdout == "measured"
        assert as_account(uid, [group], script, folder / "raw").returncode != 0
    assert (folder / "raw" / "scan.dat").read_text() == "measured"


@needs_root
def test_a_person_can_be_in_forty_pilots(root: Path) -> None:
    groups = {f"pilot-{number}": Groups.of(900_000, number) for number in range(1, 42)}
    for slug, pair in groups.items():
        (a_pilot(root, slug, pair) / "note.txt").write_text(slug)
        put_right(root / slug, pair)
    mine = [pair.readers for slug, pair in groups.items() if slug != "pilot-41"]
    seen = as_account(
        READER, mine, "cat */note.txt 2>/dev/null || for n in $(seq 41); do cat pilot-$n/note.txt; done", root
    )
    assert seen.stdout.count("pilot-") == 40
    assert "pilot-41" not in seen.stdout


@needs_root
def test_links_lead_nowhere(root: Path) -> None:
    outside = root / "secret"
    outside.mkdir(mode=0o700)
    (outside / "key").write_text("secret")
    (outside / "key").chmod(0o600)
    folder = a_pilot(root)
    (folder / "link").symlink_to(outside)
    (folder / "key").symlink_to(outside / "key")
    os.link(outside / "key", folder / "hard")
    os.chown(outside / "key", STRANGER, STRANGER)
    os.mkfifo(folder / "pipe")
    put_right(folder, GROUPS)
    put_right(folder, GROUPS, ("link", "key"))
    assert as_account(EDITOR, [GROUPS.editors], f"cat {outside}/key {folder}/hard", root).stdout == ""
    assert os.listxattr(outside / "key") == []


def test_doing_it_again_changes_nothing(root: Path) -> None:
    folder = a_pilot(root)
    assert put_right(folder, GROUPS) == 0
    (folder / "new").write_text("x")
    (folder / "new").chmod(0o600)
    assert put_right(folder, GROUPS) == 1
    assert put_right(folder, GROUPS, ("new",)) == 0
    assert put_right(root / "nowhere", GROUPS) == 0


def test_a_program_stays_a_program(root: Path) -> None:
    folder = a_pilot(root)
    script = folder / "run.sh"
    script.write_text("#!/bin/sh\necho ran\n")
    script.chmod(0o700)
    put_right(folder, GROUPS)
    assert subprocess.run([str(script)], capture_output=True, text=True).stdout == "ran\n"
    assert script.stat().st_mode & 0o111


def test_a_folder_of_no_pilot_is_left_alone(root: Path) -> None:
    folder = root / "unknown"
    folder.mkdir(mode=0o700)
    assert Keeper(root, {}.get).mend([folder, root / ".part"]) == 0
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_the_keeper_of_an_installation_knows_its_pilots(root: Path, session: Session) -> None:
    site = Site(root, Settings(), Ports.choose(8000), root / "sockets")
    keeper = Keeper.of(site, sessionmaker(session.get_bind()))
    assert keeper._groups("nowhere") is None
    demo.seed(session)
    session.commit()
    found = {slug: keeper._groups(slug) for slug in ("knee-mr", "sepsis-proteome")}
    numbers = {slug: store.get_one(session, slug).number for slug in found}
    assert found == {slug: Groups(900_000 + 2 * number, 900_001 + 2 * number) for slug, number in numbers.items()}
