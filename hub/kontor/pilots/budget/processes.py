"""What of this machine's processes belongs to which workspace or cluster, and what they used. Linux.

A lab and a cluster have the path of their token in their environment; it names installation, kind and owner. Whatever
they start belongs to them, too: the children of a process first of all, and those that left their parents by their own
environment, or because they were counted before. (Who takes the mark away and leaves the parents within one interval
is not seen. That ends when labs are sealed.)
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kontor import names

TICKS: Final = os.sysconf("SC_CLK_TCK")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_VARIABLE = b"KONTOR_TOKEN_FILE="


@dataclass(frozen=True)
class Owner:
    """`workspace` and the pilot's slug, or `cluster` and the cluster's name."""

    kind: str
    name: str


@dataclass(frozen=True)
class Process:
    """A process.

    Parameters
    ----------
    key : str
        Tells it from any other since the machine was started, also from a later one with the same number.
    own, reaped : float
        Seconds of processor time: its own, and that of its children that have ended.
    age : float
        Seconds since it was started.
    """

    pid: int
    key: str
    parent: int
    own: float
    reaped: float
    age: float
    owner: Owner | None


def running(run: Path, known: Mapping[str, Counter] | None = None, proc: Path = Path("/proc")) -> list[Process]:
    """The processes that belong to the labs and clusters of the installation with this run folder.

    Parameters
    ----------
    known : mapping
        What was counted before (`counters_of`); it stays with its workspace.
    """
    before = {key: Owner("workspace", one.slug) for key, one in (known or {}).items()}
    found: dict[int, Process] = {}
    uptime = float((proc / "uptime").read_text().split()[0])
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                one = _read(entry, uptime, run)
                found[one.pid] = one if one.owner else replace(one, owner=before.get(one.key))
    return [replace(one, owner=owner) for one in found.values() if (owner := _owner(one, found)) is not None]


def _read(entry: Path, uptime: float, run: Path) -> Process:
    line = (entry / "stat").read_text(errors="replace")
    words = line[line.rindex(")") + 2 :].split()
    born = int(words[19])
    return Process(
        pid=int(entry.name),
        key=f"{entry.name}:{born}",
        parent=int(words[1]),
        own=(int(words[11]) + int(words[12])) / TICKS,
        reaped=(int(words[13]) + int(words[14])) / TICKS,
        age=max(0.0, uptime - born / TICKS),
        owner=_marked(entry, run),
    )


def _marked(entry: Path, run: Path) -> Owner | None:
    """What the process's own environment says."""
    with suppress(OSError):
        for line in (entry / "environ").read_bytes().split(b"\0"):
            if line.startswith(_VARIABLE):
                return owner_of(os.fsdecode(line.removeprefix(_VARIABLE)), run)
    return None


def owner_of(token: str, run: Path) -> Owner | None:
    """The owner of a token's path, or None if it is not of this installation, or of somebody's personal lab."""
    path = Path(token)
    if path.name != "token" or not path.is_relative_to(run):
        return None
    parts = path.relative_to(run).parts
    if len(parts) != 3 or parts[1] in ("", ".", ".."):
        return None
    if parts[0] == "labs" and (slug := names.pilot_of_workspace(parts[1])) is not None:
        return Owner("workspace", slug)
    return Owner("cluster", parts[1]) if parts[0] == "clusters" else None


def _owner(one: Process, all_of_them: Mapping[int, Process]) -> Owner | None:
    """The owner of the farthest ancestor that has one: what runs in a lab is the lab's, whatever it says itself."""
    found, seen = None, set()
    here: Process | None = one
    while here is not None and here.pid not in seen:
        seen.add(here.pid)
        found = here.owner or found
        here = all_of_them.get(here.parent)
    return found


def memory(pid: int, proc: Path = Path("/proc")) -> int:
    """Bytes of memory that a process takes up, its part of what it shares with others counted once; 0 if it is gone."""
    with suppress(OSError, ValueError, IndexError):
        for line in (proc / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, IndexError):
        return int((proc / str(pid) / "statm").read_text().split()[1]) * PAGE
    return 0


@dataclass(frozen=True)
class Counter:
    """What a process had used when it was counted, of which workspace it was, and whose child."""

    own: float
    reaped: float
    parent: str
    slug: str


def counters_of(processes: list[Process]) -> dict[str, Counter]:
    """The counters of workspaces, by key of the process. Clusters are counted by what they were given, not by these."""
    keys = {one.pid: one.key for one in processes}
    return {
        one.key: Counter(one.own, one.reaped, keys.get(one.parent, ""), one.owner.name)
        for one in processes
        if one.owner is not None and one.owner.kind == "workspace"
    }


def core_seconds(before: Mapping[str, Counter], now: Mapping[str, Counter]) -> dict[str, float]:
    """Seconds of processor time that each workspace used between two counts; nothing is counted twice.

    A process that ended in between has given its time to the one that started it, which may have been counted before.
    """
    known: dict[str, float] = {}
    for key in before.keys() - now.keys():
        if heir := _heir(key, before, now):
            known[heir] = known.get(heir, 0.0) + before[key].own + before[key].reaped
    used: dict[str, float] = {}
    for key, one in now.items():
        last = before.get(key)
        own = one.own - (last.own if last else 0.0)
        reaped = one.reaped - (last.reaped if last else 0.0) - known.get(key, 0.0)
        used[one.slug] = used.get(one.slug, 0.0) + max(0.0, own) + max(0.0, reaped)
    return used


def _heir(key: str, before: Mapping[str, Counter], now: Mapping[str, Counter]) -> str | None:
    """The nearest ancestor of an ended process that still runs."""
    for parent in _ancestors(key, before):
        if parent in now:
            return parent
    return None


def _ancestors(key: str, before: Mapping[str, Counter]) -> Iterator[str]:
    seen = {key}
    while (found := before.get(key)) is not None and found.parent and found.parent not in seen:
        key = found.parent
        seen.add(key)
        yield key


def written(counters: Mapping[str, Counter]) -> str:
    """Counters as text, to be kept."""
    return json.dumps({key: [one.own, one.reaped, one.parent, one.slug] for key, one in counters.items()})


def read(text: str) -> dict[str, Counter]:
    """What `written` wrote; nothing from a text that it did not."""
    with suppress(ValueError, TypeError, AttributeError):
        return {key: Counter(*values) for key, values in json.loads(text).items()}
    return {}
