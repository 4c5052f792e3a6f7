"""Whether a report is what its inputs give: hash them, run again as the report says it was run, and compare."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import distillscan
from distillscan.detect.base import Detector
from distillscan.detect.registry import PARAMETER_GROUPS, available
from distillscan.errors import InputError, UsageError
from distillscan.evaluate.differences import compare, short
from distillscan.options import AnalyzeOptions, RunOptions
from distillscan.parameters import Parameters
from distillscan.pipeline import analyze
from distillscan.population.accounts import Release
from distillscan.privacy.pseudonyms import Pseudonyms
from distillscan.progress import Progress
from distillscan.read.schema.model import schema_digest
from distillscan.report.filters import select
from distillscan.report.views.json import to_json
from distillscan.result import Result


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
    run: RunOptions | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Run the analysis that a report says it is of, and compare.

    Args:
        report: The report.
        paths: Its inputs, in any order and wherever they are now.
        joins: The logs that were joined to them.
        schema: Where the report's own schema is now, if it has one and it has moved.
        pseudonyms: The key of a report with pseudonyms.
        run: How to carry out the run.
        progress: Told how far the analysis is.

    Raises:
        InputError: Nothing usable was found at ``paths``, or the report does not say how it was made.
        UsageError: The key is missing, is another one, or the report was made without one; the same of a schema; or
            what the report says of its parameters cannot be set.
    """
    _check_key(report, pseudonyms)
    detectors = available()
    options, unknown = options_of(report, detectors, pseudonyms)
    options = replace(options, schema=_schema(options.schema, schema))
    unknown = [*_other_schema(report, options.schema), *unknown]
    run = replace(run or RunOptions(), max_rejected=1.0)  # whoever made the report accepted what it says it rejected
    again = analyze(paths, replace(options, joins=tuple(joins)), run=run, progress=progress).result
    filters = report.filters
    again = select(again, filters.min_severity, filters.top, filters.cluster)
    found = compare(json.loads(to_json(report)), json.loads(to_json(again)))
    notes = tuple(_versions(report, again))
    return Verification((*unknown, *found.differences), notes, found.inputs, len(again.clusters))


def options_of(
    report: Result, detectors: Sequence[Detector], pseudonyms: Pseudonyms | None
) -> tuple[AnalyzeOptions, list[str]]:
    """Return the options of the run that a report is of, and what it records that this version does not know.

    Raises:
        InputError: The report does not record its options.
    """
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
            null_values=tuple(options.get("null_values", ())),
            date_order=options.get("date_order"),
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
                strange.append(f"parameter {group}.{name} is {short(value)} in the report and unknown here")
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
            yield f"parameter {key} is {short(value)} in the report, whose options say {short(text)}"


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


def _versions(report: Result, again: Result) -> Iterator[str]:
    if report.version != distillscan.__version__:
        yield f"the report was written by distillscan {report.version}, this is {distillscan.__version__}"
    now = {run.name: run.version for run in again.detectors}
    for run in report.detectors:
        if run.name in now and now[run.name] != run.version:
            yield f"detector {run.name} has version {run.version} in the report, {now[run.name]} here"
