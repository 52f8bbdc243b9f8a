"""How labs are started.

The seam of the house: everything above knows `LabSpawner` and not how a lab comes to life. Today it starts stock
processes of JupyterHub; the warm start replaces what is inside.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from subprocess import DEVNULL, STDOUT
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner, SpawnException
from jupyterhub.utils import exponential_backoff
from traitlets import Any as AnyTrait

from kontor import names
from kontor.audit import trail
from kontor.database import session_factory
from kontor.errors import KontorError, NotAllowed
from kontor.pilots import members
from kontor.pilots import store as pilots
from kontor.site import Site, private_folder, write_private
from kontor.warmstart import folders
from kontor.warmstart.environment import lab_arguments, lab_environment


class LabSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]
    """A personal lab or a pilot's workspace as a local process.

    A person's lab lives in their folder; a workspace lives in the pilot's folder and runs as the pilot. Nobody who
    belongs to no pilot gets a lab, and a workspace starts only while its pilot is active.
    """

    site = AnyTrait(help="The installation (kontor.site.Site).").tag(config=True)

    @property
    def pilot(self) -> str | None:
        """The pilot whose workspace this is, or None for a personal lab."""
        return names.pilot_of_workspace(self.user.name)

    @property
    def runtime(self) -> Path:
        """Folder for the token and temporary files of this lab."""
        site: Site = self.site
        return site.run / "labs" / str(self.user.name)

    @property
    def kept(self) -> Path:
        """Folder of what this lab keeps for itself, outside of people's files."""
        site: Site = self.site
        return site.kept_of_labs / str(self.user.name)

    @property
    def sockets(self) -> Path:
        """Folder for the sockets of this lab's kernels."""
        site: Site = self.site
        return site.sockets / str(self.user.name)

    async def start(self) -> Any:
        """Prepare the folders and the token file, then start the process."""
        site: Site = self.site
        try:
            home = await asyncio.to_thread(self._prepare)
        except KontorError as error:
            raise SpawnException(error.message, reason=error.code, status_code=error.status) from None
        self.home_dir = self.notebook_dir = str(home)
        private_folder(site.run / "labs")
        private_folder(self.runtime)
        private_folder(self.runtime / "tmp")
        private_folder(self.sockets)
        private_folder(site.kept_of_labs)
        private_folder(self.kept)
        write_private(self.runtime / "token", self.api_token, mode=0o400)
        private_folder(site.logs / "labs")
        with open(site.logs / "labs" / f"{self.user.name}.log", "ab") as log:
            self.popen_kwargs = {"stdin": DEVNULL, "stdout": log, "stderr": STDOUT, "cwd": str(home)}
            return await super().start()

    async def stop(self, now: bool = False) -> None:
        """End the lab with SIGTERM, at which it saves what people typed; at SIGINT, which stock sends, it does not."""
        await super().stop(now=True)

    async def wait_for_death(self, timeout: float = 10) -> bool:  # noqa: ASYNC109 (upstream's signature)
        """Whether the process ends in time. Looks every tenth of a second; stock looks ever less often."""

        async def dead() -> bool:
            return await self.poll() is not None

        try:
            return bool(
                await exponential_backoff(
                    dead, "The process did not end.", start_wait=0.1, max_wait=0.2, timeout=timeout
                )
            )
        except TimeoutError:
            return False

    def _prepare(self) -> Path:
        """The lab's folder; raises NotAllowed if there is to be no lab. What cannot be recorded does not start."""
        site: Site = self.site
        name = str(self.user.name)
        with session_factory(site.database_url)() as session, session.begin():
            if self.pilot is None:
                if not members.has_pilot(session, self.user.name):
                    raise NotAllowed(
                        "You do not belong to a pilot yet, so there is no lab for you. "
                        "Ask the lead of a pilot to add you; the lobby says how.",
                        code="no_pilot",
                    )
                folder = folders.person_folder(site, name)
                trail.record(session, "lab_started", actor=name)
                return folder
            pilot = pilots.get(session, self.pilot)
            if pilot is None or pilot.mode() != "working":
                raise NotAllowed(
                    "This pilot is not active, so its workspace cannot be opened.", code="pilot_not_active"
                )
            folder = folders.pilot_folder(site, pilot.slug, pilot.notebook)
            trail.record(session, "workspace_started", actor=name, pilot=pilot.slug)
            return folder

    def get_env(self) -> dict[str, str]:
        """The environment of the lab: only what it needs, nothing of the hub's."""
        env: dict[str, str] = super().get_env()
        env.update(lab_environment(self.site, self.pilot, Path(self.home_dir), self.runtime, self.sockets))
        return env

    def get_args(self) -> list[str]:
        return [*super().get_args(), *lab_arguments(self.kept)]

    def make_preexec_fn(self, name: str) -> Any:
        return None
