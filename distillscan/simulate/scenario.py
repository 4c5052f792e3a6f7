"""Scenarios: which cohorts and campaigns a log is made of, read from TOML."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

from distillscan.errors import InputError, UsageError, did_you_mean
from distillscan.files import why_unreadable
from distillscan.simulate.background import Background
from distillscan.simulate.builder import Builder, configure
from distillscan.simulate.campaigns import CAMPAIGNS
from distillscan.simulate.cohorts import COHORTS

_SETTINGS: Final = ("start", "days", "release_day", "released", "responses")
_SCENARIO_KEYS: Final = {"summary", "cohorts_from", "background", "cohort", "campaign", *_SETTINGS}
_DEFAULT_START: Final = datetime(2026, 4, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One cohort or campaign of a scenario: its kind and options, its share of the log, its days."""

    name: str
    builder: Builder
    share: float
    campaign: bool
    accounts: int | None = None
    rate: float | None = None
    start_day: float = 0.0
    days: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """The parts of a log; rows and seed are given when it is simulated."""

    name: str
    summary: str
    entries: tuple[Entry, ...]
    background: Background = field(default_factory=Background)
    background_rate: float | None = None
    start: datetime = _DEFAULT_START
    days: float = 30.0
    release_day: float = 16.0
    released: str = "atlas-4"
    #: Whether the log holds the text of every answer; real exports rarely do.
    responses: bool = False

    def without(self, *names: str) -> "Scenario":
        """Return the scenario without these entries.

        Raises:
            UsageError: A name is not an entry of the scenario.
        """
        self._known(names)
        return replace(self, entries=tuple(entry for entry in self.entries if entry.name not in names))

    def only(self, *names: str) -> "Scenario":
        """Return the scenario with these entries and the background only.

        Raises:
            UsageError: A name is not an entry of the scenario.
        """
        self._known(names)
        return replace(self, entries=tuple(entry for entry in self.entries if entry.name in names))

    def _known(self, names: tuple[str, ...]) -> None:
        known = [entry.name for entry in self.entries]
        unknown = [name for name in names if name not in known]
        if unknown:
            message = f"Scenario {self.name} has no entry {', '.join(unknown)}; it has: {', '.join(known)}."
            raise UsageError(message)


def list_scenarios() -> dict[str, str]:
    """Return the names of the packaged scenarios with their one-line summaries, in order of name."""
    folder = resources.files("distillscan.simulate") / "scenarios"
    names = sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml"))
    return {name: load_scenario(name).summary for name in names}


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Load a packaged scenario by name, or one from a TOML file by path.

    Raises:
        UsageError: There is no such scenario, or its file has an unknown key, kind or option.
        InputError: The file is missing or no TOML.
    """
    text = str(name_or_path)
    if text.endswith(".toml"):
        path = Path(name_or_path)
        try:
            return parse_scenario(path.stem, path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"--scenario {path}: {why_unreadable(error)}") from error
    return parse_scenario(text, _packaged(text))


def _packaged(name: str) -> str:
    """The text of a packaged scenario's file."""
    file = resources.files("distillscan.simulate") / "scenarios" / f"{name}.toml"
    if not file.is_file():
        message = (
            f"there is no scenario {name!r}; {did_you_mean(name, list_scenarios(), 'the packaged ones are')} "
            "(your own scenario's file must end in .toml)"
        )
        raise UsageError(message)
    return file.read_text(encoding="utf-8")


def parse_scenario(name: str, text: str) -> Scenario:
    """Return a scenario from the text of its TOML file.

    Raises:
        UsageError: An unknown key, kind or option, or shares that leave nothing for the background.
        InputError: The text is no TOML.
    """
    body = _read(name, text)
    background = dict(body.get("background", {}))
    rate = background.pop("requests_per_account_day", None)
    configured = configure(Background, background, f"Scenario {name}, background")
    assert isinstance(configured, Background)  # noqa: S101  configure returns the class it was given
    entries = _entries(name, body)
    if (total := sum(entry.share for entry in entries)) >= 1:
        message = (
            f"Scenario {name}: the shares of its cohorts and campaigns add up to {total:g}; the background needs some."
        )
        raise UsageError(message)
    settings = {key: body[key] for key in _SETTINGS if key in body}
    return Scenario(
        name, str(body.get("summary", "")), entries, background=configured, background_rate=rate, **settings
    )


def _read(name: str, text: str) -> dict[str, Any]:
    """The body of a scenario's file; with ``cohorts_from`` also the cohorts and the background of a packaged one."""
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"Scenario {name} is not valid TOML: {error}."
        raise InputError(message) from error
    unknown = sorted(set(body) - _SCENARIO_KEYS)
    if unknown:
        message = f"Scenario {name}: unknown key {', '.join(unknown)}; known are: {', '.join(sorted(_SCENARIO_KEYS))}."
        raise UsageError(message)
    if other := body.get("cohorts_from"):
        lent = _read(other, _packaged(other))
        body["cohort"] = lent.get("cohort", []) + body.get("cohort", [])
        body["background"] = lent.get("background", {}) | body.get("background", {})
    return body


def _entries(name: str, body: Mapping[str, Any]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for section, kinds in (("cohort", COHORTS), ("campaign", CAMPAIGNS)):
        known = {builder.kind: builder for builder in kinds}
        entries += [_entry(name, section, dict(settings), known) for settings in body.get(section, [])]
    names = [entry.name for entry in entries]
    repeated = sorted({one for one in names if names.count(one) > 1})
    if repeated:
        message = (
            f"Scenario {name}: {', '.join(repeated)} appears more than once; give each a name of its own (name = ...)."
        )
        raise UsageError(message)
    return tuple(entries)


def _entry(scenario: str, section: str, settings: dict[str, Any], known: Mapping[str, type[Builder]]) -> Entry:
    kind = settings.pop("kind", None)
    if kind not in known:
        message = f"Scenario {scenario}: unknown {section} kind {kind!r}; known are: {', '.join(sorted(known))}."
        raise UsageError(message)
    name = settings.pop("name", kind)
    where = f"Scenario {scenario}, {section} {name}"
    if "share" not in settings:
        message = f"{where}: share (of the log's rows, between 0 and 1) is missing."
        raise UsageError(message)
    size = {
        "share": float(settings.pop("share")), "accounts": settings.pop("accounts", None),
        "rate": settings.pop("requests_per_account_day", None), "start_day": settings.pop("start_day", 0.0),
        "days": settings.pop("days", None),
    }  # fmt: skip
    if not 0 <= size["share"] < 1:
        message = f"{where}: share is {size['share']:g}; expected a number from 0 up to, not including, 1."
        raise UsageError(message)
    return Entry(name=name, builder=configure(known[kind], settings, where), campaign=section == "campaign", **size)
