"""A pilot's folder as pages see it: nothing outside it is ever read or changed, whatever code has put there."""

from __future__ import annotations

import io
import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kontor.errors import Conflict, KontorError, NotAllowed, NotFound
from kontor.pilots.documents import file_changes, files, moving
from kontor.pilots.documents.file_changes import TooLarge, may_change

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECRET = b"another pilot's secret"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A pilot's folder beside another one."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret.txt").write_bytes(SECRET)
    folder = tmp_path / "pilot"
    for name in ("raw", "results", "scratch", "outbox", "results/deep"):
        (folder / name).mkdir(parents=True)
    (folder / "results" / "table.csv").write_text("a,b\n1,2\n")
    (folder / "01 first.ipynb").write_text("{}")
    return folder


def read(root: Path, path: str) -> bytes:
    with files.open_file(root, path) as opened:
        return opened.read(1000)


def names(root: Path, path: str = "") -> list[str]:
    return [name for name, _ in files.names_in(root, path).names]


def put(root: Path, folder: str, name: str, content: bytes = b"new", *, replace: bool = False) -> files.Entry:
    staged = file_changes.stage(root, folder, io.BytesIO(content), now=NOW)
    return file_changes.settle(root, staged, name, replace=replace, now=NOW)


def test_what_is_there_is_listed_folders_first(root: Path) -> None:
    listed = files.names_in(root, "")
    assert listed.names[-1] == ("01 first.ipynb", False)
    assert {name for name, is_folder in listed.names if is_folder} == {"raw", "results", "scratch", "outbox"}
    (entry,) = files.entries(root, files.names_in(root, "results"), start=1)
    assert (entry.path, entry.kind, entry.size) == ("results/table.csv", "table", 8)
    assert abs(entry.changed - datetime.now(UTC)) < timedelta(minutes=1)
    assert read(root, "results/table.csv") == b"a,b\n1,2\n"


def test_a_folder_that_was_not_made_yet_is_empty(tmp_path: Path) -> None:
    assert files.names_in(tmp_path / "nothing", "").names == []
    with pytest.raises(NotFound):
        files.names_in(tmp_path / "nothing", "results")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../other/secret.txt", id="up"),
        pytest.param("results/../../other/secret.txt", id="up from inside"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("//etc/passwd", id="absolute twice"),
        pytest.param("results//table.csv", id="an empty name"),
        pytest.param("results/./table.csv", id="dot"),
        pytest.param(".", id="only dot"),
        pytest.param("results/table.csv/", id="a file as a folder"),
        pytest.param("results/table.csv/x", id="below a file"),
        pytest.param("results", id="a folder as a file"),
        pytest.param("results/table.csv\0.txt", id="NUL"),
        pytest.param("results/table.csv\n", id="line end"),
        pytest.param("\u202efdp.exe", id="turned"),
        pytest.param("\udc80", id="not UTF-8"),
        pytest.param("a" * 256, id="a long name"),
        pytest.param("ä" * 200, id="a name that is long in bytes"),
        pytest.param("/".join("a" * 41), id="too deep"),
        pytest.param("/".join(["a" * 200] * 6), id="too long"),
        pytest.param("nothing.txt", id="not there"),
        pytest.param(".hidden", id="hidden"),
        pytest.param(".ipynb_checkpoints/x.ipynb", id="in a hidden folder"),
        pytest.param("link.txt", id="link to another pilot"),
        pytest.param("inside.txt", id="link inside"),
        pytest.param("folder/secret.txt", id="through a linked folder"),
        pytest.param("absolute", id="link to the system"),
        pytest.param("loop", id="link to itself"),
        pytest.param("pipe", id="pipe"),
        pytest.param("socket", id="socket"),
        pytest.param("proc/self/environ", id="proc"),
    ],
)
def test_nothing_else_is_opened(root: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".hidden").write_bytes(SECRET)
    (root / ".ipynb_checkpoints").mkdir()
    (root / ".ipynb_checkpoints" / "x.ipynb").write_bytes(SECRET)
    (root / "link.txt").symlink_to("../other/secret.txt")
    (root / "inside.txt").symlink_to("results/table.csv")
    (root / "folder").symlink_to("../other")
    (root / "absolute").symlink_to("/etc/passwd")
    (root / "loop").symlink_to("loop")
    (root / "proc").symlink_to("/proc")
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
        with pytest.raises(NotFound):
            read(root, path)
        assert not {"link.txt", "inside.txt", "folder", "absolute", "loop", "proc", "pipe", "socket"} & set(names(root))
        assert files.names_in(root, "").left_out == 8


def test_a_folder_of_pilots_that_is_a_link_is_none(root: Path) -> None:
    (root.parent / "linked").symlink_to("other")
    with pytest.raises(NotFound):
        read(root.parent / "linked", "secret.txt")
    with pytest.raises(NotFound):
        files.names_in(root.parent / "linked", "")


def test_what_is_swapped_while_it_is_read_never_leads_out(root: Path) -> None:
    """A program swaps a folder for a link to another pilot's, over and over, while it is read."""
    real, link, stop = root / "real", root / "link", threading.Event()
    real.mkdir()
    (real / "secret.txt").write_bytes(b"ours")
    link.symlink_to("../other")
    place = root / "place"
    os.rename(real, place)

    def swap() -> None:
        while not stop.is_set():
            os.rename(place, real)
            os.rename(link, place)
            os.rename(place, link)
            os.rename(real, place)

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(read(root, "place/secret.txt"))
            except NotFound:
                seen.add(b"")
    finally:
        stop.set()
        thread.join()
    assert seen <= {b"ours", b""}
    assert len(seen) == 2, "the swapping was seen"


def test_names_of_any_bytes_do_no_harm(root: Path) -> None:
    for name in (b"\xff\xfe.txt", "turned\u202etxt".encode(), b"line\nend"):
        (root / os.fsdecode(name)).write_bytes(b"x")
    nice = ["<script>alert(1)</script>.txt", '100% & "co" #1?.csv', "Größe \\ über.txt", "数据.csv", "👩‍🔬.txt"]
    for name in nice:
        (root / name.replace("/", "∕")).write_text("x")
    listed = files.names_in(root, "")
    assert listed.left_out == 3
    for name in nice:
        assert read(root, name.replace("/", "∕")) == b"x"


def test_times_that_no_calendar_has(root: Path) -> None:
    os.utime(root / "results" / "table.csv", (2**55, 2**55))
    assert files.look(root, "results/table.csv").changed.tzinfo is UTC
    assert files._moment(2.0**55).year == 1970


def test_a_large_folder_is_cut(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ENTRIES", 10)
    for number in range(15):
        (root / "scratch" / f"{number:02}.txt").touch()
    listed = files.names_in(root, "scratch")
    assert (len(listed.names), listed.left_out) == (10, 1)
    assert len(files.entries(root, listed, start=8, count=5)) == 2


@pytest.mark.parametrize(
    ("path", "inside", "itself"),
    [
        ("", True, False),
        ("results", True, False),
        ("results/deep", True, True),
        ("scratch", True, False),
        ("mine", True, True),
        ("raw", False, False),
        ("raw/x", False, False),
        ("outbox", False, False),
        ("outbox/x/y", False, False),
        ("x.txt", True, True),
    ],
)
def test_where_pages_change_something(path: str, inside: bool, itself: bool) -> None:
    assert (may_change(path), may_change(path, itself=True)) == (inside, itself)


@pytest.mark.parametrize("folder", ["", "results", "results/deep", "scratch"])
def test_a_file_is_put_there_whole(root: Path, folder: str) -> None:
    entry = put(root, folder, "new.txt", b"hello")
    assert read(root, entry.path) == b"hello"
    assert [one for one in os.listdir(root / folder) if one.startswith(".upload")] == []
    assert (root / entry.path).stat().st_nlink == 1


def test_nothing_is_replaced_without_saying_so(root: Path) -> None:
    staged = file_changes.stage(root, "results", io.BytesIO(b"new"), now=NOW)
    with pytest.raises(Conflict) as refused:
        file_changes.settle(root, staged, "table.csv", now=NOW)
    assert refused.value.code == "name_taken"
    assert read(root, "results/table.csv") == b"a,b\n1,2\n"
    file_changes.settle(root, staged, "table.csv", replace=True, now=NOW)
    assert read(root, "results/table.csv") == b"new"
    (kept,) = (root / ".trash" / "2026-06-01").glob("*/table.csv")
    assert kept.read_bytes() == b"a,b\n1,2\n"
    with pytest.raises(NotFound):
        file_changes.settle(root, staged, "again.csv", now=NOW)


def test_a_folder_is_never_replaced(root: Path) -> None:
    with pytest.raises(Conflict) as refused:
        put(root, "results", "deep", replace=True)
    assert refused.value.code == "is_a_folder"


def test_a_link_in_the_way_is_not_followed(root: Path) -> None:
    (root / "results" / "x.txt").symlink_to("../../other/secret.txt")
    for replace in (False, True):
        with pytest.raises(Conflict):
            put(root, "results", "x.txt", replace=replace)
    (root / "away").symlink_to("../other")
    with pytest.raises(NotFound):
        put(root, "away", "x.txt")
    assert os.listdir(root.parent / "other") == ["secret.txt"]
    assert (root.parent / "other" / "secret.txt").read_bytes() == SECRET


@pytest.mark.parametrize("folder", ["raw", "outbox", "outbox/x"])
def test_some_folders_take_nothing(root: Path, folder: str) -> None:
    with pytest.raises(NotAllowed):
        put(root, folder, "x.txt")


@pytest.mark.parametrize("name", ["", ".", "..", ".bashrc", "a/b", "a\0", "\u202ea", "x" * 256, "a\nb"])
def test_some_names_are_no_names(root: Path, name: str) -> None:
    with pytest.raises(KontorError) as refused:
        put(root, "", name)
    assert refused.value.code == "bad_name"


def test_large_files_are_refused_and_leave_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_changes, "LARGEST", 10)
    with pytest.raises(TooLarge):
        put(root, "scratch", "x", b"x" * 11)
    assert os.listdir(root / "scratch") == []
    put(root, "scratch", "x", b"x" * 10)


def test_what_was_never_settled_is_swept_away(root: Path) -> None:
    old = file_changes.stage(root, "scratch", io.BytesIO(b"x"), now=NOW)
    os.utime(root / "scratch" / old.part, (NOW.timestamp() - 90_000,) * 2)
    fresh = file_changes.stage(root, "scratch", io.BytesIO(b"x"), now=NOW)
    assert os.listdir(root / "scratch") == [fresh.part]
    file_changes.give_up(root, fresh)
    assert os.listdir(root / "scratch") == []


@pytest.mark.parametrize("path", ["results/table.csv", "results/deep", "01 first.ipynb"])
def test_what_was_deleted_can_be_brought_back(root: Path, path: str) -> None:
    aside = file_changes.put_aside(root, path, now=NOW)
    with pytest.raises(NotFound):
        files.look(root, path)
    file_changes.bring_back(root, aside, path)
    files.look(root, path)
    assert list((root / ".trash").glob("*/*")) == []
    with pytest.raises(NotFound):
        file_changes.bring_back(root, aside, path)


def test_bringing_back_replaces_nothing(root: Path) -> None:
    aside = file_changes.put_aside(root, "results/table.csv", now=NOW)
    put(root, "results", "table.csv", b"newer")
    with pytest.raises(Conflict):
        file_changes.bring_back(root, aside, "results/table.csv")
    assert read(root, "results/table.csv") == b"newer"


@pytest.mark.parametrize("taken_by", ["file", "folder", "empty folder", "link"])
@pytest.mark.parametrize("gone", ["file", "folder"])
def test_bringing_back_replaces_nothing_that_comes_at_the_last_moment(
    root: Path, monkeypatch: pytest.MonkeyPatch, gone: str, taken_by: str
) -> None:
    """The name is taken after everything was looked at."""
    target = root / "results" / "thing"
    if gone == "file":
        target.write_text("old")
    else:
        target.mkdir()
        (target / "old.txt").write_text("old")
    aside = file_changes.put_aside(root, "results/thing", now=NOW)
    if "folder" in taken_by:
        target.mkdir()
        if taken_by == "folder":
            (target / "new.txt").write_text("new")
    elif taken_by == "link":
        target.symlink_to("nowhere")
    else:
        target.write_text("new")
    monkeypatch.setattr(moving, "_is_there", lambda place, name: False)
    if (gone, taken_by) == ("folder", "empty folder"):
        file_changes.bring_back(root, aside, "results/thing")  # nothing is lost
        assert os.listdir(target) == ["old.txt"]
        return
    with pytest.raises(Conflict):
        file_changes.bring_back(root, aside, "results/thing")
    assert target.is_symlink() or taken_by != "link"
    assert not target.is_file() or target.read_text() == "new"
    assert not target.is_dir() or not (target / "old.txt").exists()
    assert (root / ".trash" / aside / "thing").exists()


@pytest.mark.parametrize("path", ["", "raw", "results", "raw/x", "outbox/x", "scratch"])
def test_some_things_stay(root: Path, path: str) -> None:
    with pytest.raises(NotAllowed):
        file_changes.put_aside(root, path, now=NOW)


@pytest.mark.parametrize("aside", ["../../other", "2026-06-01/../x", "/etc", "", "2026-06-01/0123456789abcdeg"])
def test_only_the_trash_is_searched(root: Path, aside: str) -> None:
    with pytest.raises(NotFound):
        file_changes.bring_back(root, aside, "results/secret.txt")


def test_a_trash_that_is_a_link_is_not_used(root: Path) -> None:
    (root / ".trash").symlink_to("../other")
    with pytest.raises(KontorError):
        file_changes.put_aside(root, "results/table.csv", now=NOW)
    assert read(root, "results/table.csv")
    assert os.listdir(root.parent / "other") == ["secret.txt"]


def test_the_trash_is_emptied_after_a_month(root: Path) -> None:
    file_changes.put_aside(root, "results/table.csv", now=NOW)
    put(root, "", "a.txt")
    file_changes.put_aside(root, "a.txt", now=NOW + timedelta(days=30))
    assert sorted(os.listdir(root / ".trash")) == ["2026-06-01", "2026-07-01"]
    put(root, "", "a.txt")
    file_changes.put_aside(root, "a.txt", now=NOW + timedelta(days=31))
    assert sorted(os.listdir(root / ".trash")) == ["2026-07-01", "2026-07-02"]
