"""The import law of ARCHITECTURE.md, read from the sources.

ground floor  <-  domain folders  <-  web, cli, configure
the lab half (kontor.lab, kontor_lab) never imports the hub half
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HUB = ROOT / "hub"
GROUND = {"settings", "site", "names", "roles", "errors", "database", "hubapi", "words", "quantities", "audit"}
DOMAINS = {"people", "pilots", "data", "clusters", "warmstart"}
TOP = {"web", "cli", "configure", "__main__", "migrations"}
LAB = {"lab"}
MAY_IMPORT_JUPYTERHUB = {"people", "warmstart", "clusters", "configure", "web/signin.py"}
HUB_ONLY = {
    "fastapi",
    "sqlalchemy",
    "alembic",
    "jupyterhub",
    "oauthenticator",
    "dask_gateway_server",
    "boto3",
    "botocore",
    "uvicorn",
}
LAB_ONLY = {
    "xarray",
    "zarr",
    "obstore",
    "jupyterlab",
    "jupyter_server",
    "jupyter_collaboration",
    "nibabel",
    "mrcfile",
    "pymzml",
    "h5py",
    "panel",
    "matplotlib",
    "numpy",
}


def sources() -> list[Path]:
    return sorted((HUB / "kontor").rglob("*.py")) + sorted(
        (ROOT / "extensions" / "kontor-lab" / "kontor_lab").rglob("*.py")
    )


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports at run time, also inside functions; not those for type checkers only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            skipped.update(child for statement in node.body for child in ast.walk(statement))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module == "kontor":
                yield from (f"kontor.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    """The part of the house a module of ours stands in: `kontor.people.store` -> `people`."""
    name = module.split(".")[1] if "." in module else ""
    return "" if name.startswith("__") else name


def place(path: Path) -> str:
    if path.is_relative_to(HUB / "kontor"):
        inner = path.relative_to(HUB / "kontor")
        return inner.parts[0].removesuffix(".py")
    return "kontor_lab"


def allowed(here: str, there: str) -> bool:
    if there in GROUND or there == "" or here == there:
        return not (here in LAB and there not in {"errors", "names", "lab", ""})
    if here in GROUND or here in LAB or here == "__init__":
        return False if here != "__init__" else there in LAB
    if here in DOMAINS:
        return there in DOMAINS
    if here == "kontor_lab":
        return there in {"lab", "errors", "names"}
    return here in TOP and (there in DOMAINS or there in TOP or there in LAB)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_import_law(path: Path) -> None:
    here = place(path)
    for module in imported(path):
        if module == "kontor" or module.startswith("kontor."):
            assert allowed(here, room(module)), f"{here} must not import {module}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_halves_do_not_meet(path: Path) -> None:
    here = place(path)
    packages = {module.split(".")[0] for module in imported(path)}
    if here in LAB | {"kontor_lab", "errors", "names"}:
        assert not packages & HUB_ONLY, f"{here} is the lab half"
    elif here != "cli":
        assert not packages & LAB_ONLY, f"{here} is the hub half"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_few_rooms_know_jupyterhub(path: Path) -> None:
    packages = {module.split(".")[0] for module in imported(path)}
    if packages & {"jupyterhub", "dask_gateway", "dask_gateway_server", "oauthenticator"} and path.is_relative_to(HUB):
        inner = path.relative_to(HUB / "kontor").as_posix()
        assert place(path) in MAY_IMPORT_JUPYTERHUB | LAB or inner in MAY_IMPORT_JUPYTERHUB


def test_every_room_is_in_the_law() -> None:
    rooms = {place(path) for path in sources()}
    assert rooms <= GROUND | DOMAINS | TOP | LAB | {"kontor_lab", "__init__"}


@pytest.mark.parametrize(
    ("here", "there", "may"),
    [
        ("errors", "people", False),
        ("people", "web", False),
        ("people", "pilots", True),
        ("web", "people", True),
        ("lab", "database", False),
        ("lab", "errors", True),
        ("data", "lab", False),
        ("kontor_lab", "pilots", False),
        ("cli", "lab", True),
    ],
)
def test_the_law_itself(here: str, there: str, may: bool) -> None:
    assert allowed(here, there) is may
