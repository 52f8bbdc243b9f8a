"""How long the house takes to open: the first start (with the demo data) and the second, to a served login page.

There is no stock peer: nothing else starts these parts together.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from tests.benchmarks.table import Row, report
from tests.tree import Tree, resolve_localhost


async def opened(state: Path) -> float:
    """Seconds from the command to the login page in a visitor's hands; then it is closed."""
    begun = time.monotonic()
    tree = await Tree.start(state)
    with tree.visitor() as visitor:
        page = visitor.client.get(tree.site.public_url)
        assert "Sign in" in page.text
    seconds = time.monotonic() - begun
    await tree.stop()
    return seconds


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        first, second = await opened(state), await opened(state)
    report(
        "start",
        [
            Row("first start, packages installed", "s", None, first, "under 360 s", first < 360),
            Row("second start", "s", None, second, "under 15 s", second < 15),
        ],
    )


if __name__ == "__main__":
    resolve_localhost()
    asyncio.run(main())
