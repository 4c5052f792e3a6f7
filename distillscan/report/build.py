"""Build the result document: what was found, with what was read, assumed, left out and withheld."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import distillscan
from distillscan.detect.run import Detection
from distillscan.options import AnalyzeOptions
from distillscan.parameters import Parameters
from distillscan.population.accounts import Release
from distillscan.privacy.disclosure import column_uses
from distillscan.privacy.pseudonyms import METHOD
from distillscan.privacy.redaction import Redaction
from distillscan.profile import Profile
from distillscan.read import Log, Outcome, shortcomings
from distillscan.read.counters import RowCounters
from distillscan.report.describe import moment
from distillscan.result import Cluster, Input, Rejected, Result
from distillscan.result import Population as Summary
from distillscan.score import ScoredCluster


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What decides a run beside its logs.

    Attributes:
        options: As they were given.
        schema_sha256: Of the analyst's own schema file, None for packaged schemas.
        parameters: With the settings applied.
    """

    options: AnalyzeOptions
    schema_sha256: str | None
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A log that was read.

    Attributes:
        log: The open log.
        counters: Counts of its rows, and of those that could not be used.
        profile: Its profile, identities as they may be shown.
        redaction: How texts may be shown.
    """

    log: Log
    counters: RowCounters
    profile: Profile
    redaction: Redaction


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """What detecting, clustering and scoring found.

    Attributes:
        releases: The releases that were given or found.
        detection: The status of each detector.
        scored: The clusters, best first.
        candidates: How many candidates were scored.
    """

    releases: tuple[Release, ...]
    detection: Detection
    scored: list[ScoredCluster]
    candidates: int


@dataclass(frozen=True, slots=True)
class Document:
    """The result document, and what of it a person at a terminal is told as well; texts as they may be shown.

    Attributes:
        result: The document.
        notes: What was assumed while reading.
        unread: Which inputs were not read completely, and why.
    """

    result: Result
    notes: tuple[str, ...]
    unread: tuple[str, ...]


def build_document(
    inputs: RunInputs,
    read: ReadResult,
    outcomes: Sequence[Outcome],
    analysis: AnalysisResult,
    clusters: tuple[Cluster, ...],
) -> Document:
    """Build the result document.

    Args:
        inputs: What the run was asked to do.
        read: The log that was read.
        outcomes: What became of every input file.
        analysis: What was found.
        clusters: The clusters as they are shown.
    """
    options, log, counters = inputs.options, read.log, read.counters
    unread, joined = shortcomings(outcomes), log.joined_digests()
    names = [text for one in outcomes for text in (one.path, one.reason)]
    shown = read.redaction.by_text(unread, log.notes, joined, names, counters.rejected.reasons)
    unread, notes = (tuple(shown[text] for text in texts) for texts in (unread, log.notes))
    result = Result(
        version=distillscan.__version__,
        parameters={
            **inputs.parameters.to_dict(),
            "options": _stated(options, {shown[path]: digest for path, digest in joined.items()}, inputs.schema_sha256),
            "releases": _releases(analysis.releases),
        },
        inputs=tuple(
            Input(shown[one.path], counters.rows(one.source), one.bytes, one.sha256, one.status, shown[one.reason])
            for one in outcomes
        ),
        rejected=_rejected(counters, shown),
        population=_summary(read.profile),
        detectors=analysis.detection.runs,
        clusters=clusters,
        limitations=(
            *unread,
            *_limitations(read.profile, analysis.detection, notes, analysis.releases),
            *_cut(analysis.candidates, inputs.parameters),
            *_withheld(options),
        ),
        columns=column_uses(log.columns, pseudonyms=options.pseudonyms is not None, prompts=options.prompts),
    )
    return Document(result, notes, unread)


def _cut(candidates: int, parameters: Parameters) -> tuple[str, ...]:
    """The limitation to state if there may have been more candidates than were scored."""
    most = parameters.cluster.max_candidates
    if candidates < most:
        return ()
    return (f"only the {most} strongest candidates were looked at (--set cluster.max_candidates={2 * most} for more)",)


def _rejected(counters: RowCounters, shown: Mapping[str, str]) -> Rejected:
    reasons: dict[str, int] = {}
    for reason, rows in counters.rejected.reasons.items():
        reasons[shown[reason]] = reasons.get(shown[reason], 0) + rows
    return Rejected(counters.rejected.rows, reasons)


def _withheld(options: AnalyzeOptions) -> tuple[str, ...]:
    """What to say of what the reader is not shown."""
    found = []
    if options.pseudonyms is not None:
        found.append(f"identities are pseudonyms ({METHOD}, key {options.pseudonyms.key_id})")
    if not options.prompts:
        found.append("no words of prompts are shown (--no-prompts)")
    return tuple(found)


def _stated(options: AnalyzeOptions, joined: Mapping[str, str], schema_sha256: str | None) -> dict[str, Any]:
    """The options that change what is found and shown; ``distillscan verify`` runs with them again."""
    key = None if options.pseudonyms is None else {"method": METHOD, "key_id": options.pseudonyms.key_id}
    return {
        "mapping": dict(sorted(options.mapping.items())),
        "input_format": options.input_format,
        "schema": options.schema,
        "schema_sha256": schema_sha256,
        "joins": dict(joined),
        "null_values": list(options.null_values),
        "date_order": options.date_order,
        "detectors": list(options.detectors),
        "without": list(options.without),
        "settings": dict(sorted(options.settings.items())),
        "pseudonymized": key,
        "prompts": options.prompts,
    }


def _releases(releases: tuple[Release, ...]) -> list[dict[str, str]]:
    return [{"model": r.model, "released": moment(r.at), "source": r.source} for r in releases]


def _summary(profile: Profile) -> Summary:
    accounts = profile.accounts
    return Summary(
        requests=profile.requests,
        accounts=accounts.height,
        first_seen=moment(accounts["first"].min()),  # type: ignore[arg-type]
        last_seen=moment(accounts["last"].max()),  # type: ignore[arg-type]
    )


#: What is lost without a column (or any of several), said in the report.
_LOST = (
    (("prompt", "system_prompt"), "no prompts: templates cannot be found, content evidence is not available"),
    (("ip",), "no addresses: shared and rotated egress cannot be seen"),
    (("payment_id", "device_id", "api_key_id"), "no payment, device or key: common holders cannot be seen"),
    (("account_created_at",), "no account creation dates: sign-up bursts cannot be seen"),
    (("org_id", "email_domain"), "no organisation or mail domain: declared customers cannot be recognised as such"),
    (("model",), "no model: release pivots cannot be seen"),
)


def _limitations(
    profile: Profile, detection: Detection, notes: Sequence[str], releases: tuple[Release, ...]
) -> tuple[str, ...]:
    found = [text for columns, text in _LOST if not any(c in profile.columns for c in columns)]
    if profile.accounts.is_empty():
        found = ["the log holds no request"]
    found += [f"{run.name} {run.status}: {run.reason}" for run in detection.runs if run.status != "ok"]
    if "model" in profile.columns and not releases:
        found.append("no model release within the log: pivots could not be tested (name releases with --releases)")
    return (*found, *notes)
