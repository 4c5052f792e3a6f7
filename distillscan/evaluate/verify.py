"""Check that a report follows from its inputs: hash them, repeat the recorded analysis, and compare."""

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
    """What verifying a report found.

    Attributes:
        differences: What differs, a sentence each, inputs first; empty if the same report comes out.
        notes: Which versions are not those that wrote the report.
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
    """Run the analysis that a report records, with the key of its pseudonyms if it has some, and compare.

    ``paths`` are its inputs, in any order and wherever they are now, and ``joins`` the logs that were joined to them.
    ``schema`` is where the analyst's own schema file is now, if the report was made with one that has moved.

    Raises:
        InputError: Nothing usable was found at ``paths``, or the report does not say how it was made.
        UsageError: Key or schema are missing, not those of the report, or given though it has none; or a recorded
            parameter cannot be set.
    """
    _check_key(report, pseudonyms)
    options, unknown = options_of(report, available(), pseudonyms)
    options = replace(options, schema=_schema(options.schema, schema), joins=tuple(joins))
    unknown = [*_other_schema(report, options.schema), *unknown]
    run = replace(run or RunOptions(), max_rejected=1.0)  # whoever made the report accepted what it says it rejected
    again = analyze(paths, options, run=run, progress=progress).result
    again = select(again, report.filters.min_severity, report.filters.top, report.filters.cluster)
    differences, inputs = compare(json.loads(to_json(report)), json.loads(to_json(again)))
    return Verification((*unknown, *differences), tuple(_versions(report, again)), inputs, len(again.clusters))


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
    names, here = [run.name for run in report.detectors], {detector.name for detector in detectors}
    settings, strange = _settings(parameters, Parameters.of(one for one in detectors if one.name in names))
    missing = [f"detector {name} is not installed here" for name in names if name not in here]
    try:
        given = [(one["model"], datetime.fromisoformat(one["released"])) for one in releases if one["source"] == "file"]
        made = AnalyzeOptions(
            mapping={str(name): str(source) for name, source in options.get("mapping", {}).items()},
            input_format=options.get("input_format"),
            columns=tuple(options.get("columns", ())),
            schema=options.get("schema"),
            null_values=tuple(options.get("null_values", ())),
            date_order=options.get("date_order"),
            releases=tuple(Release(*one, "file") for one in given) or None,
            without=tuple(sorted(here - set(names))),
            settings=settings,
            pseudonyms=pseudonyms,
            prompts=options.get("prompts", True) is not False,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"what the report records of its run cannot be understood ({error})") from error
    return made, [*missing, *strange, *_contradictions(parameters, options.get("settings", {}))]


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
    name, recorded, now = options.get("schema"), options.get("schema_sha256"), schema_digest(used)
    if now is not None and recorded is None:
        yield f"the report does not say which content the schema {name} had"
    elif recorded != now:
        yield f"schema {name} (sha256 {str(recorded)[:16]}… in the report) has other content (sha256 {str(now)[:16]}…)"


def _groups(recorded: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The recorded values of each group of parameters."""
    groups = {group: recorded.get(group) for group in PARAMETER_GROUPS} | dict(recorded.get("detectors") or {})
    return {group: values for group, values in groups.items() if isinstance(values, Mapping)}


def _settings(recorded: Mapping[str, Any], known: Parameters) -> tuple[dict[str, str], list[str]]:
    """The recorded parameters as settings; and a sentence on each that there is not here, in groups that there are."""
    settings, strange = {}, []
    for group, values in _groups(recorded).items():
        for name, value in values.items() if group in known.groups else ():
            here = known.groups[group]
            if not hasattr(here, name):
                strange.append(f"parameter {group}.{name} is {short(value)} in the report and unknown here")
            elif value != getattr(here, name):
                settings[f"{group}.{name}"] = json.dumps(value) if isinstance(value, bool) else str(value)
    return settings, strange


def _contradictions(recorded: Mapping[str, Any], settings: Mapping[str, str]) -> Iterator[str]:
    """Settings that the report says were made and that its parameters do not show."""
    groups = _groups(recorded)
    for key, text in settings.items():
        group, _, name = key.rpartition(".")
        value = groups.get(group, {}).get(name)
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
    if pseudonyms is None and wanted is not None:
        raise UsageError(f"the report holds pseudonyms (key {wanted}): give the key file with --pseudonymize")
    if pseudonyms is not None and wanted is None:
        raise UsageError("the report was made without pseudonyms: leave --pseudonymize out")
    if pseudonyms is not None and pseudonyms.key_id != wanted:
        raise UsageError(f"the report's pseudonyms were made with key {wanted}; the key given is {pseudonyms.key_id}")


def _versions(report: Result, again: Result) -> Iterator[str]:
    if report.version != distillscan.__version__:
        yield f"the report was written by distillscan {report.version}, this is {distillscan.__version__}"
    now = {run.name: run.version for run in again.detectors}
    for run in report.detectors:
        if run.name in now and now[run.name] != run.version:
            yield f"detector {run.name} has version {run.version} in the report, {now[run.name]} here"
