"""Every option of an installation, defined once.

The settings file is `kontor.toml`. It is closed: an unknown key, table or value is refused, all mistakes at once,
each with the key's path and what to write instead. `Settings.load(path)` reads it; `kontor check FILE` prints
what is wrong with it.
"""

from __future__ import annotations

import difflib
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from kontor.errors import SettingsError

_Account = Annotated[str, StringConstraints(pattern=r"^u[a-z2-7]{24}$")]
_DOMAIN = r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(_Closed):
    """Where Kontor listens."""

    domain: Annotated[
        str,
        Field(
            pattern=_DOMAIN,
            description="Name under which the browser reaches Kontor; every lab gets a subdomain of it.",
        ),
    ] = "kontor.localhost"
    address: Annotated[str, Field(description="IP address to listen on. 127.0.0.1 is this machine only.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="Port to listen on.")] = 8000

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        try:
            ip_address(value)
        except ValueError:
            raise ValueError(f"{value!r} is not an IP address; write for example 127.0.0.1") from None
        return value

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return ip_address(self.address).is_loopback


class DemoSettings(_Closed):
    """The demo issuer with made-up people, and the demo pilots."""

    enabled: Annotated[bool, Field(description="Offer the demo people and their pilots.")] = True
    allow_public: Annotated[
        bool,
        Field(
            description="Let the demo issuer run although others than this machine can "
            "connect. Anybody who can connect can then be any demo person."
        ),
    ] = False


class LabSettings(_Closed):
    """Personal labs and workspaces."""

    start_timeout: Annotated[int, Field(ge=5, le=600, description="Seconds that a lab may take to start.")] = 90
    first_group: Annotated[
        int,
        Field(
            ge=1000,
            le=4_000_000_000,
            description="First of the numeric groups (two for each pilot) that stand for its editors and readers.",
        ),
    ] = 900_000
    share_account: Annotated[
        bool,
        Field(
            description="Run labs of several people under one account of this machine "
            "although others than this machine can connect."
        ),
    ] = False


class ClusterSettings(_Closed):
    """Dask clusters of the pilots."""

    clusters_per_pilot: Annotated[int, Field(ge=1, le=100, description="Clusters that a pilot may run at once.")] = 2
    workers_per_pilot: Annotated[int, Field(ge=1, le=10_000, description="Workers that a pilot may run at once.")] = 4
    worker_threads: Annotated[int, Field(ge=1, le=64, description="Threads of a worker.")] = 1
    worker_memory: Annotated[
        str, Field(pattern=r"^[0-9]+(\.[0-9]+)? ?[KMGT]$", description="Memory of a worker, for example 1 G.")
    ] = "1 G"
    idle_minutes: Annotated[
        int, Field(ge=1, le=1440, description="Minutes without work after which a cluster ends.")
    ] = 30
    lifetime_hours: Annotated[int, Field(ge=1, le=168, description="Hours after which a cluster ends.")] = 12


class StoreSettings(_Closed):
    """The object store."""

    credential_minutes: Annotated[
        int, Field(ge=15, le=60, description="Minutes that a key to a pilot's data lives.")
    ] = 15


class PeopleSettings(_Closed):
    """Who looks after the installation. Account names; the demo brings one of each of its own."""

    operators: Annotated[list[_Account], Field(description="Run the installation; may do what stewards may.")] = []
    stewards: Annotated[
        list[_Account], Field(description="Approve pilots and agreements, and see the log of every pilot.")
    ] = []


class PilotSettings(_Closed):
    """The life of a pilot."""

    longest_days: Annotated[int, Field(ge=1, le=3650, description="Days that a pilot may run without extension.")] = 730
    closing_days: Annotated[int, Field(ge=1, le=365, description="Days from the end to the archive.")] = 30
    keep_days: Annotated[int, Field(ge=1, le=3650, description="Days from the archive to the deletion of files.")] = 180
    warning_days: Annotated[int, Field(ge=1, le=90, description="Days of warning before an end.")] = 30
    guest_days: Annotated[int, Field(ge=1, le=90, description="Longest stay of a guest, in days.")] = 90
    invitation_days: Annotated[int, Field(ge=1, le=7, description="Days that an invitation is good.")] = 7


class BudgetSettings(_Closed):
    """What computing costs, in credits, and what happens when they are used up."""

    core_hour: Annotated[float, Field(ge=0, le=1e6, description="Price of one core for one hour.")] = 1.0
    memory_hour: Annotated[float, Field(ge=0, le=1e6, description="Price of one GB of memory for one hour.")] = 0.1
    storage_month: Annotated[float, Field(ge=0, le=1e6, description="Price of one GB of storage for 30 days.")] = 0.5
    per_pilot: Annotated[
        float, Field(gt=0, le=1e9, description="Credits of a pilot for which nothing else was agreed.")
    ] = 2000.0
    warn_percent: Annotated[int, Field(ge=1, le=99, description="Share of the budget at which people are warned.")] = 80
    grace_hours: Annotated[
        int, Field(ge=1, le=720, description="Hours between a used-up budget and the stop; a lead can extend once.")
    ] = 72
    count_seconds: Annotated[int, Field(ge=1, le=300, description="Seconds between two counts.")] = 15


class Settings(_Closed):
    """All options, with their defaults."""

    title: Annotated[str, Field(min_length=1, max_length=40, description="Name shown on pages.")] = "Kontor"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="How much the parts write to their logs.")
    ] = "info"
    server: ServerSettings = ServerSettings()
    demo: DemoSettings = DemoSettings()
    labs: LabSettings = LabSettings()
    clusters: ClusterSettings = ClusterSettings()
    store: StoreSettings = StoreSettings()
    people: PeopleSettings = PeopleSettings()
    pilots: PilotSettings = PilotSettings()
    budget: BudgetSettings = BudgetSettings()

    def refusals(self) -> list[str]:
        """What these settings would do and must not by accident, a sentence each."""
        found = []
        if not self.demo.enabled:
            found.append(
                "demo.enabled = False: there is no other way to sign in yet than the demo issuer. Leave it true"
            )
        others = f"server.address = {self.server.address!r} lets other machines connect, and "
        if not self.server.on_loopback and not self.demo.allow_public:
            found.append(
                f"{others}the demo issuer lets anybody in without a password. "
                "Set demo.allow_public = true if you want that"
            )
        if not self.server.on_loopback and not self.labs.share_account:
            found.append(
                f"{others}all labs run under one account of this machine, so people can read each other's files. "
                "Set labs.share_account = true if you accept that"
            )
        return found

    @classmethod
    def load(cls, path: Path | None) -> Settings:
        """Read a settings file; without one, the defaults.

        Raises
        ------
        SettingsError
            With every mistake in the file, each with its place and what to do.
        """
        if path is None:
            return cls()
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SettingsError(str(path), ["there is no such file"]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(str(path), [f"it cannot be read: {error}"]) from None
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(str(path), [f"it is not TOML: {error}"]) from None
        return cls.parse(data, source=str(path))

    @classmethod
    def parse(cls, data: dict[str, Any], *, source: str = "settings") -> Settings:
        """Check a mapping; raises SettingsError with every mistake."""
        try:
            found = cls.model_validate(data)
        except ValidationError as error:
            raise SettingsError(source, [_sentence(cls, item) for item in error.errors()]) from None
        if refusals := found.refusals():
            raise SettingsError(source, refusals)
        return found


def _sentence(model: type[BaseModel], item: Any) -> str:
    """One validation error in words, with the nearest known key for an unknown one."""
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = _keys(model, item["loc"][:-1])
        near = difflib.get_close_matches(str(item["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys here: {', '.join(sorted(known))}"
        return f"{place}: unknown key; {hint}"
    if item["type"] in {"model_type", "model_attributes_type"}:
        return f"{place} = {item['input']!r}: this is a table; write [{place}] and its keys below it"
    message = item["msg"].removeprefix("Value error, ")
    return f"{place} = {item['input']!r}: {message[0].lower()}{message[1:]}"


def _keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        annotation = model.model_fields[str(part)].annotation
        inner = get_args(annotation)
        model = inner[0] if inner else annotation  # type: ignore[assignment]
    return list(model.model_fields)
