"""Every place that records: its action is known, and the sentence gets every word that it needs."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import kontor
from kontor.audit.actions import ACTIONS
from kontor.audit.groups import GROUPS
from kontor.audit.sentences import meaning, sentence
from kontor.audit.trail import Entry
from kontor.pilots.lifecycle import STEPS
from tests.hub.audit.conftest import ADA, BOB, START

HUB = Path(kontor.__file__).parent
TAKEN_BY = ("trail.record", "hourly.record")

# Where the source alone does not say which action or which words: what they can be, and the words that come with `**`.
DYNAMIC: dict[tuple[str, str], tuple[set[str], set[str]]] = {
    ("audit/hourly.py", "record"): (set(), set()),  # passes on what its own callers give, who are read as well
    ("pilots/life/revisions.py", "_tell_fields"): ({"pilot_revised"}, {"changed"}),
    ("pilots/life/clock.py", "_warn"): ({"pilot_ending", "agreement_ending", "agreement_expired"}, set()),
    ("pilots/life/steps.py", "take"): ({step.action for step in STEPS.values()}, {"until"}),
    ("pilots/membership/invitations.py", "_settle"): (
        {"invitation_confirmed", "invitation_refused", "invitation_revoked"},
        set(),
    ),
}


@dataclass(frozen=True)
class Call:
    """A call that records: where, which actions it can be, and which words it gives; `open` if there can be more."""

    path: str
    function: str
    line: int
    actions: frozenset[str] | None
    words: frozenset[str]
    open: bool

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def calls() -> Iterator[Call]:
    for path in sorted(HUB.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and ast.unparse(node.func) in TAKEN_BY:
                        yield _call(path.relative_to(HUB).as_posix(), function, node)


def _call(path: str, function: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.Call) -> Call:
    local = _assigned(function)
    actions = _texts(node.args[1], local)
    words = [{keyword.arg} if keyword.arg else _keys(keyword.value, local) for keyword in node.keywords]
    return Call(
        path,
        function.name,
        node.lineno,
        None if actions is None else frozenset(actions),
        frozenset(word for one in words for word in one or ()),
        None in words,
    )


def _assigned(function: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found.setdefault(node.target.id, []).append(node.value)
    return found


def _texts(node: ast.expr, local: dict[str, list[ast.expr]]) -> set[str] | None:
    """Which texts an expression can be; None if the source does not say."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return _union(_texts(node.body, local), _texts(node.orelse, local))
    if isinstance(node, ast.Name) and node.id in local:
        return _union(*(_texts(one, local) for one in local[node.id]))
    return None


def _keys(node: ast.expr, local: dict[str, list[ast.expr]]) -> set[str] | None:
    """Which keys a mapping can have; None if the source does not say."""
    if isinstance(node, ast.Dict):
        return _union(*(_texts(key, local) if key else None for key in node.keys))
    if isinstance(node, ast.IfExp):
        return _union(_keys(node.body, local), _keys(node.orelse, local))
    if isinstance(node, ast.Name) and node.id in local:
        return _union(*(_keys(one, local) for one in local[node.id]))
    return None


def _union(*sets: set[str] | None) -> set[str] | None:
    return None if None in sets else {item for one in sets if one is not None for item in one}


def needs(action: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(ACTIONS[action].sentence) if name}


CALLS = list(calls())


def test_there_are_calls_to_look_at() -> None:
    assert len(CALLS) > 20


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_sentence_gets_the_words_that_it_needs(call: Call) -> None:
    known, more = DYNAMIC.get((call.path, call.function), (None, set()))
    if known is None:
        assert call.actions is not None, "which action? Write it out, or add the place to DYNAMIC"
        assert not call.open, "which words? Write them out, or add the place to DYNAMIC"
    for action in call.actions or known or ():
        assert action in ACTIONS
        missing = needs(action) - call.words - more
        assert not missing, f"{action} needs {missing}"


@pytest.mark.parametrize("place", DYNAMIC, ids=lambda place: place[0])
def test_no_exception_is_there_for_nothing(place: tuple[str, str]) -> None:
    found = [call for call in CALLS if (call.path, call.function) == place]
    assert any(call.actions is None or call.open for call in found)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_whoever_records_says_who_did_it(call: Call) -> None:
    assert "actor" in call.words


def test_every_action_belongs_to_one_group() -> None:
    grouped = [action for group in GROUPS.values() for action in group.actions]
    assert sorted(grouped) == sorted(ACTIONS)


def entry(action: str, **details: str) -> Entry:
    return Entry(1, START, ADA, action, "knee-mr", BOB, "knee-mr/scan", dict(details), "0", "0")


@pytest.mark.parametrize("action", ACTIONS)
def test_every_sentence_reads(action: str) -> None:
    details = {word: "2026-06-03" if word == "until" else "x" for word in needs(action)}
    told = sentence(entry(action, **details), {ADA: "Ada", BOB: "Bob"})
    assert told[0].isupper()
    assert "{" not in told
    assert "2026-06-03" not in told
    assert meaning(action)


def test_an_entry_of_another_version_stays_readable() -> None:
    assert "sneezed" in sentence(entry("sneezed"), {})
    assert sentence(entry("role_changed"), {}) == "Somebody is now …."
    assert sentence(entry("pilot_approved", reason=""), {ADA: "Ada"}) == "Ada approved the pilot: –"
    assert sentence(entry("pilot_extended", reason="r", until="soon"), {ADA: "Ada"}) == "Ada moved the end to soon: r"
    assert sentence(entry("signed_in"), {ADA: "{person.__class__}"}) == "{person.__class__} signed in."
