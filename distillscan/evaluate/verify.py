"""Whether a report is what its inputs give: hash them, run again as the report says it was run, and compare."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import distillscan
from distillscan.detect.base import Detector
from distillscan.detect.registry import PARAMETER_GROUPS, available
from distillscan.errors import InputError, UsageError
from distillscan.parameters import Parameters
from distillscan.population.accounts import Release
from distillscan.privacy.pseudonyms import Pseudonyms
from distillscan.read.schema.model import schema_digest
from distillscan.report.document import to_json
from distillscan.report.filters import select
from distillscan.result import SEVERITIES, Result, Severity

if TYPE_CHECKING:
    from distillscan.pipeline import AnalyzeOptions, Progress

#: Options of an analysis that a report records, and those that do not change what is found.
RESTORED: Final = frozenset(
    {
        *("mapping", "input_format", "schema", "joins", "releases"),
        *("detectors", "without", "settings", "pseudonyms", "prompts"),
    }
)
WITHOUT_EFFECT: Final = frozenset({"rejects", "threads", "memory_limit", "strict", "stdin"})

_FILTERED: Final = re.compile(r" not shown \(--(min-severity|top) (\w+)\)$")
#: Characters of a value in a line about a difference.
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying a report.

    Attributes:
        differences: What differs, a sentence each, inputs first; empty when the same report comes out.
        notes: What else there is to know: other versions than those that wrote the report.
        inputs: How many inputs of the report were among the files.
        clusters: How many clusters came out.
    """

    differences: tuple[str, ...]
    notes: tuple[str, ...]
    inputs: int
    clusters: int

    @property
    def same(self) -> bool:
        """Whether the same report comes out."""
        return not self.differences


def verify(
    report: Result,
    paths: Sequence[str],
    *,
    joins: Sequence[str] = (),
    schema: str | None = None,
    pseudonyms: Pseudonyms | None = None,
    threads: int | None = None,
    stdin: BinaryIO | None = None,
    progress: "Progress | None" = None,
) -> Verification:
    """Run the analysis that a report says it is of, and compare.

    Args:
        report: The report.
        paths: Its inputs, in any order and wherever they are now.
        joins: The logs that were joined to them.
        schema: Where the report's own schema is now, if it has one and it has moved.
        pseudonyms: The key of a report with pseudonyms.
        threads: See ``AnalyzeOptions``.
        stdin: See ``AnalyzeOptions``.
        progress: Told how far the analysis is.

    Raises:
        InputError: Nothing usable was found at ``paths``, or the report does not say how it was made.
        UsageError: The key is missing, is another one, or the report was made without one; the same of a schema; or
            what the report says of its parameters cannot be set.
    """
    from distillscan.pipeline import analyze_paths

    _check_key(report, pseudonyms)
    detectors = available()
    options, unknown = options_of(report, detectors, pseudonyms)
    options = replace(options, schema=_schema(options.schema, schema))
    unknown = [*_other_schema(report, options.schema), *unknown]
    again = analyze_paths(paths, replace(options, joins=tuple(joins), threads=threads, stdin=stdin), progress).result
    again = _filtered(again, report.limitations)
    recorded, now = (json.loads(to_json(result)) for result in (report, again))
    joined = [dict(made["parameters"].pop("options")).get("joins", {}) for made in (recorded, now)]
    matched = _match_inputs(recorded, now)
    differences = [*unknown, *_inputs(recorded, now, matched), *_joined(*joined), *_compare(recorded, now)]
    return Verification(tuple(differences), tuple(_versions(report, again)), len(matched), len(again.clusters))


def options_of(
    report: Result, detectors: Sequence[Detector], pseudonyms: Pseudonyms | None
) -> "tuple[AnalyzeOptions, list[str]]":
    """Return the options of the run that a report is of, and what it records that this version does not know.

    Raises:
        InputError: The report does not record its options.
    """
    from distillscan.pipeline import AnalyzeOptions

    parameters = report.parameters
    options, releases = parameters.get("options"), parameters.get("releases")
    if not isinstance(options, Mapping) or not isinstance(releases, list | tuple):
        raise InputError("the report does not record the options of its run: it cannot be repeated")
    names = [run.name for run in report.detectors]
    here = {detector.name for detector in detectors}
    unknown = [f"detector {name} is not installed here" for name in names if name not in here]
    used = tuple(detector for detector in detectors if detector.name in names)
    settings, strange = _settings(parameters, Parameters.of(used))
    try:
        made = AnalyzeOptions(
            mapping={str(name): str(source) for name, source in options.get("mapping", {}).items()},
            input_format=options.get("input_format"),
            schema=options.get("schema"),
            releases=tuple(_release(one) for one in releases if one["source"] == "file") or None,
            without=tuple(sorted(here - set(names))),
            settings=settings,
            pseudonyms=pseudonyms,
            prompts=options.get("prompts", True) is not False,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"what the report records of its run cannot be understood ({error})") from error
    return made, [*unknown, *strange, *_contradictions(parameters, options.get("settings", {}))]


def _schema(recorded: str | None, given: str | None) -> str | None:
    """The schema to read with: the one the report names, or where that is now."""
    own = recorded is not None and recorded.endswith(".toml")
    if given is not None and not own:
        named = "none" if recorded is None else f"the packaged {recorded}"
        raise UsageError(f"--schema {given}: the report was made with no schema file ({named}): leave --schema out")
    if own and given is None and not Path(str(recorded)).is_file():
        raise UsageError(f"the report was made with the schema {recorded}, which is not there: say where with --schema")
    return given or recorded


def _other_schema(report: Result, used: str | None) -> Iterator[str]:
    """Whether the schema's file is the one the report was made with, as far as the report says."""
    options = report.parameters["options"]
    recorded, now = options.get("schema_sha256"), schema_digest(used)
    if now is not None and recorded is None:
        yield f"the report does not say which content the schema {options.get('schema')} had"
    elif recorded != now:
        name = options.get("schema")
        yield f"schema {name} (sha256 {str(recorded)[:16]}… in the report) has other content (sha256 {str(now)[:16]}…)"


def _release(recorded: Mapping[str, str]) -> Release:
    return Release(recorded["model"], datetime.fromisoformat(recorded["released"]), "file")


def _settings(recorded: Mapping[str, Any], known: Parameters) -> tuple[dict[str, str], list[str]]:
    """The recorded parameters as settings; of those that there are none of here, a sentence."""
    groups = {group: recorded.get(group) for group in PARAMETER_GROUPS} | dict(recorded.get("detectors") or {})
    settings, strange = {}, []
    for group, values in groups.items():
        target = getattr(known, group) if group in PARAMETER_GROUPS else known.detectors.get(group)
        if target is None or not isinstance(values, Mapping):
            continue  # a detector that is not here is said already
        for name, value in values.items():
            if not hasattr(target, name):
                strange.append(f"parameter {group}.{name} is {_short(value)} in the report and unknown here")
            elif value != getattr(target, name):
                settings[f"{group}.{name}"] = json.dumps(value) if isinstance(value, bool) else str(value)
    return settings, strange


def _contradictions(parameters: Mapping[str, Any], settings: Mapping[str, str]) -> Iterator[str]:
    """Settings that the report says were made and that its parameters do not show."""
    for key, text in settings.items():
        group, _, name = key.rpartition(".")
        values = parameters.get(group) if group in PARAMETER_GROUPS else (parameters.get("detectors") or {}).get(group)
        value = values.get(name) if isinstance(values, Mapping) else None
        if value is not None and str(value).lower() != text.lower() and not _equal(value, text):
            yield f"parameter {key} is {_short(value)} in the report, whose options say {_short(text)}"


def _equal(value: Any, text: str) -> bool:
    try:
        return bool(float(value) == float(text))
    except (TypeError, ValueError):
        return False


def _check_key(report: Result, pseudonyms: Pseudonyms | None) -> None:
    options = report.parameters.get("options")
    stated = options.get("pseudonymized") if isinstance(options, Mapping) else None
    wanted = stated.get("key_id") if isinstance(stated, Mapping) else None
    if wanted is None and pseudonyms is not None:
        raise UsageError("the report was made without pseudonyms: leave --pseudonymize out")
    if wanted is not None and pseudonyms is None:
        raise UsageError(f"the report holds pseudonyms (key {wanted}): give the key file with --pseudonymize")
    if pseudonyms is not None and pseudonyms.key_id != wanted:
        raise UsageError(f"the report's pseudonyms were made with key {wanted}; the key given is {pseudonyms.key_id}")


def _filtered(result: Result, limitations: Sequence[str]) -> Result:
    """Leave out of the new report what the filters of the old one left out; its limitations name them."""
    chosen = {match[1]: match[2] for line in limitations if (match := _FILTERED.search(line))}
    level, top = chosen.get("min-severity"), chosen.get("top", "")
    return select(
        result,
        cast("Severity", level) if level in SEVERITIES else None,
        int(top) if top.isdecimal() else None,
    )


def _match_inputs(recorded: dict[str, Any], now: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pair inputs by what is in them, and call each what the report calls it, in limitations as well."""
    left = list(now["inputs"])
    pairs = []
    for one in recorded["inputs"]:
        other = next((i for i in left if i["sha256"] == one["sha256"]), None)
        if other is not None:
            left.remove(other)
            pairs.append((one, other))
    names = {other["path"]: one["path"] for one, other in pairs if other["path"] != one["path"]}
    if names:
        any_name = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
        now["limitations"] = [any_name.sub(lambda match: names[match[0]], line) for line in now["limitations"]]
        for _, other in pairs:
            other["reason"] = any_name.sub(lambda match: names[match[0]], other["reason"])
            other["path"] = names.get(other["path"], other["path"])
    return pairs


def _inputs(
    recorded: Mapping[str, Any], now: Mapping[str, Any], matched: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> Iterator[str]:
    mine, others = ([id(pair[side]) for pair in matched] for side in (0, 1))
    for one in recorded["inputs"]:
        if id(one) not in mine:
            yield f"input {one['path']} of the report (sha256 {one['sha256'][:16]}…) is not among the files given"
    for one in now["inputs"]:
        if id(one) not in others:
            yield f"{one['path']} (sha256 {one['sha256'][:16]}…) is no input of the report"
    for one, other in matched:
        yield from _walk(f"input {one['path']}", one, other)


def _joined(recorded: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for (path, digest), others, verb in (
        *((one, now, "of the report is not among the files given with --join") for one in recorded.items()),
        *((one, recorded, "is none of the report's") for one in now.items()),
    ):
        if digest not in others.values():
            yield f"joined log {path} (sha256 {str(digest)[:16]}…) {verb}"


def _compare(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in ("schema_version", "parameters", "rejected", "population"):
        yield from _walk(key, recorded[key], now[key])
    yield from _keyed("detector", "name", recorded["detectors"], now["detectors"], leave={"version"})
    if recorded["columns"]:  # older reports do not state them
        yield from _keyed("column", "name", recorded["columns"], now["columns"])
    yield from _keyed("cluster", "cluster_id", recorded["clusters"], now["clusters"])
    yield from _bags("limitation", recorded["limitations"], now["limitations"])


def _keyed(
    what: str, key: str, recorded: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], leave: Any = ()
) -> Iterator[str]:
    """Compare lists whose items have a name."""
    by_name = {item[key]: item for item in now}
    for item in recorded:
        other = by_name.pop(item[key], None)
        if other is None:
            yield f"{what} {item[key]} is in the report and does not come out"
        else:
            kept = [{name: value for name, value in one.items() if name not in leave} for one in (item, other)]
            yield from _walk(f"{what} {item[key]}", *kept)
    for name in by_name:
        yield f"{what} {name} comes out and is not in the report"


def _bags(what: str, recorded: Sequence[Any], now: Sequence[Any]) -> Iterator[str]:
    """Compare lists whose order says nothing."""
    old, new = (Counter(json.dumps(item, sort_keys=True) for item in items) for items in (recorded, now))
    yield from (f"{what} {_short(json.loads(item))} is in the report and does not come out" for item in old - new)
    yield from (f"{what} {_short(json.loads(item))} comes out and is not in the report" for item in new - old)


def _walk(where: str, recorded: Any, now: Any) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in {**recorded, **now}:
            if name == "account_ids":
                yield from _members(where, recorded.get(name, []), now.get(name, []))
            else:
                yield from _walk(f"{where}.{name}", recorded.get(name), now.get(name))
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for place, (one, other) in enumerate(zip(recorded, now, strict=True)):
            yield from _walk(f"{where}[{place}]", one, other)
    elif isinstance(recorded, list) and isinstance(now, list):
        yield f"{where} has {len(recorded)} entries in the report, {len(now)} now"
    elif recorded != now or type(recorded) is not type(now):
        yield f"{where} is {_short(recorded)} in the report, {_short(now)} now"


def _members(where: str, recorded: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    gone, new = set(recorded) - set(now), set(now) - set(recorded)
    for accounts, verb in ((gone, "that are not in it now"), (new, "fewer than now")):
        if accounts:
            yield f"{where} has {len(accounts)} account(s) {verb}, such as {_short(min(accounts))}"
    if not gone and not new and list(recorded) != list(now):
        yield f"{where} lists its accounts in another order or twice"


def _versions(report: Result, again: Result) -> Iterator[str]:
    if report.version != distillscan.__version__:
        yield f"the report was written by distillscan {report.version}, this is {distillscan.__version__}"
    now = {run.name: run.version for run in again.detectors}
    for run in report.detectors:
        if run.name in now and now[run.name] != run.version:
            yield f"detector {run.name} has version {run.version} in the report, {now[run.name]} here"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = json.dumps(text, ensure_ascii=False) if isinstance(value, str) else text
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
