"""The API keeps what its description promises, whatever is sent: no failure of ours, no undocumented answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.hub.web.callers import fill_roles
from tests.hub.web.house import House
from tests.hub.web.served import serving

EXAMPLES = 15
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CALLERS = ("nobody", "maja", "ingrid", "workspace")


def operations(schema: Any) -> Iterator[Any]:
    for found in schema.get_all_operations():
        yield found.ok()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("caller", CALLERS)
async def test_every_answer_is_documented(house: House, caller: str) -> None:
    fill_roles(house)
    headers = {} if caller == "nobody" else {"Authorization": f"Bearer {house.tokens[caller]}"}
    async with serving(house):
        base = f"http://127.0.0.1:{house.site.ports.public}{house.prefix}api"
        faults = await asyncio.to_thread(_faults, base, headers)
    assert not faults, "\n\n".join(faults)


def _faults(base: str, headers: dict[str, str]) -> list[str]:
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    found = []
    for operation in operations(schema):
        try:
            _try(operation, headers)
        except (Exception, BaseExceptionGroup) as problem:
            found.append(f"{operation.method.upper()} {operation.path}: {problem}")
    return found


def _try(operation: Any, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def run(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    run()
