"""The `kontor` command: reads arguments, calls what does the work, turns our errors into sentences and exit codes.

Exit codes: 0 it worked; 1 it did not, and a sentence on standard error says why; 2 the arguments are wrong.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from kontor import __version__
from kontor.cli.audit import audit
from kontor.cli.options import state_option as _state
from kontor.errors import KontorError


class _Commands(click.Group):
    """Shows KontorError as a sentence."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KontorError as error:
            click.echo(f"kontor: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="kontor")
def main() -> None:
    """Kontor, the house of the Hanseatic Science Cloud."""


main.add_command(audit)


@main.command()
@_state
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; without one, STATE/kontor.toml if it exists, else the defaults.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on, instead of the one in the settings.")
def up(state: Path, settings_file: Path | None, port: int | None) -> None:
    """Run the whole lab on this machine until Ctrl-C."""
    from kontor.cli.up import run

    run(state.resolve(), settings_file, port)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check a settings file and name every mistake in it."""
    from kontor.settings import Settings

    Settings.load(file)
    click.echo(f"{file}: no mistakes.")


@main.command()
@_state
@click.pass_context
def doctor(ctx: click.Context, state: Path) -> None:
    """List each part, its version and whether it answers."""
    from kontor.cli.doctor import report

    lines, well = asyncio.run(report(state))
    click.echo("\n".join(lines))
    ctx.exit(0 if well else 1)


@main.command(hidden=True)
@_state
def service(state: Path) -> None:
    """Part: pages and API."""
    from kontor.site import Site
    from kontor.web.app import serve

    serve(Site.load(state))


@main.command(hidden=True)
@_state
def reconciler(state: Path) -> None:
    """Part: keeps the hub as the pilots want it."""
    import logging

    from kontor.pilots.reconciler import run
    from kontor.site import Site

    site = Site.load(state)
    logging.basicConfig(level=site.settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(run(site))
    except KeyboardInterrupt:
        return


@main.command(hidden=True)
@_state
def seed(state: Path) -> None:
    """Part of the first start: demo data sets into the object store."""
    from kontor.cli.seed import seed_data
    from kontor.site import Site

    seed_data(Site.load(state), click.echo)
