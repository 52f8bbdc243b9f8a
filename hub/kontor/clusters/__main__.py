"""`python -m kontor.clusters --state DIR`: the clusters' gateway of an installation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kontor.clusters.application import run
from kontor.errors import KontorError
from kontor.site import Site


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m kontor.clusters", description="Run the clusters' gateway.")
    parser.add_argument("--state", type=Path, required=True, help="folder of the installation")
    arguments = parser.parse_args()
    try:
        run(Site.load(arguments.state))
    except KontorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
