"""Roles as a table: role by capability."""

import pytest

from kontor import roles

TABLE = {
    "nobody": "",
    "viewer": "read",
    "reviewer": "read comment",
    "runner": "read comment run",
    "editor": "read comment run edit",
    "lead": "read comment run edit manage",
    "steward": "read",
}


@pytest.mark.parametrize("role", TABLE)
@pytest.mark.parametrize("capability", roles.CAPABILITIES)
def test_who_may_do_what(role: str, capability: str) -> None:
    assert roles.can(None if role == "nobody" else role, capability) == (capability in TABLE[role].split())


def test_the_table_is_whole() -> None:
    assert set(TABLE) == {"nobody", *roles.ROLES}


def test_unknown_roles_may_nothing_and_unknown_capabilities_are_a_mistake() -> None:
    assert not roles.can("admin", "read")
    with pytest.raises(ValueError, match="fly"):
        roles.can("lead", "fly")
