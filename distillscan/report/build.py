"""Build the report: what was found, with what was read, assumed, left out and withheld."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
from distillscan.report.finished import Report
from distillscan.result import Cluster, Input, Population, Rejected, Result
from distillscan.score import ScoredCluster
from distillscan.wording import counted


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What decides a run beside its logs; the digest is of the analyst's own schema file, None for packaged schemas."""

    options: AnalyzeOptions
    schema_sha256: str | None
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A log that was read: counts of its rows, its profile with how its texts may be shown, and its placeholders."""

    log: Log
    counters: RowCounters
    redaction: Redaction
    placeholders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """What detecting, clustering and scoring found.

    Attributes:
        releases: Models that were released within the log.
        detection: How the detectors fared.
        scored: The clusters, best first.
        candidates: How many candidates were scored.
        declared: How many accounts openly belong together with others, and how many principals they are.
    """

    releases: tuple[Release, ...]
    detection: Detection
    scored: list[ScoredCluster]
    candidates: int
    declared: tuple[int, int]


def build_report(
    inputs: RunInputs,
    read: ReadResult,
    outcomes: Sequence[Outcome],
    analysis: AnalysisResult,
    clusters: Sequence[Cluster],
) -> Report:
    """Build the report, but for the figures of the run; ``outcomes`` are what became of every input file."""
    options, log, rejected = inputs.options, read.log, read.counters.rejected
    unread, joined = (*shortcomings(outcomes), *_lost_rows(read)), log.joined_digests()
    names = [text for one in outcomes for text in (one.path, one.reason)]
    shown = read.redaction.by_text(unread, log.notes, joined, names, rejected.reasons)
    unread, notes = (tuple(shown[text] for text in texts) for texts in (unread, log.notes))
    reasons = Counter[str]()
    for reason, rows in rejected.reasons.items():
        reasons[shown[reason]] += rows
    result = Result(
        version=distillscan.__version__,
        parameters={
            **inputs.parameters.to_dict(),
            "options": _stated(options, {shown[path]: digest for path, digest in joined.items()}, inputs.schema_sha256),
            "releases": [{"model": r.model, "released": moment(r.at), "source": r.source} for r in analysis.releases],
        },
        inputs=tuple(
            Input(shown[one.path], read.counters.rows(one.source), one.bytes, one.sha256, one.status, shown[one.reason])
            for one in outcomes
        ),
        rejected=Rejected(rejected.rows, dict(reasons)),
        population=_population(read.redaction.profile),
        detectors=analysis.detection.runs,
        clusters=tuple(clusters),
        limitations=(
            *unread,
            *_unseen(read.redaction.profile, analysis),
            *read.placeholders,
            *notes,
            *_left_out(options, analysis.candidates, inputs.parameters.cluster.max_candidates),
        ),
        columns=column_uses(log.columns, pseudonyms=options.pseudonyms is not None, prompts=options.prompts),
    )
    return Report(result, notes, unread=unread)


def _lost_rows(read: ReadResult) -> Iterator[str]:
    """What to say first if more than a few rows could not be used; rows that a schema leaves out do not count."""
    lost, rows = read.counters.unusable, read.counters.unusable + read.redaction.profile.requests
    if lost >= _NOTEWORTHY * rows > 0:
        reasons = "; ".join(f"{count:,} × {reason}" for reason, count in read.counters.unusable_reasons.items())
        yield f"{lost:,} of {rows:,} rows could not be used: {reasons}. --rejects FILE writes them to a file"


def _stated(options: AnalyzeOptions, joined: Mapping[str, str], schema_sha256: str | None) -> dict[str, Any]:
    """The options that change what is found and shown; ``distillscan verify`` runs with them again."""
    key = None if options.pseudonyms is None else {"method": METHOD, "key_id": options.pseudonyms.key_id}
    return {
        "mapping": dict(sorted(options.mapping.items())),
        "input_format": options.input_format,
        "columns": list(options.columns),
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


def _population(profile: Profile) -> Population:
    accounts = profile.accounts
    first, last = moment(accounts["first"].min()), moment(accounts["last"].max())  # type: ignore[arg-type]
    return Population(profile.requests, accounts.height, first, last)


#: Share of unusable rows that is said before anything else.
_NOTEWORTHY: Final = 0.01
#: What is lost without a column (or any of several), said in the report.
_LOST = (
    (("prompt", "system_prompt"), "no prompts: templates cannot be found, content evidence is not available"),
    (("ip",), "no addresses: shared and rotated egress cannot be seen"),
    (("payment_id", "device_id", "api_key_id"), "no payment, device or key: common holders cannot be seen"),
    (("account_created_at",), "no account creation dates: sign-up bursts cannot be seen"),
    (("org_id", "email_domain"), "no organisation or mail domain: declared customers cannot be recognised as such"),
    (("model",), "no model: release pivots cannot be seen"),
)


def _unseen(profile: Profile, analysis: AnalysisResult) -> Iterator[str]:
    """What could not be seen in the log, for want of requests, columns or releases, or because a detector failed."""
    if profile.accounts.is_empty():
        yield "the log holds no request"
    else:
        yield from (text for columns, text in _LOST if profile.columns.isdisjoint(columns))
    yield from (f"{run.name} {run.status}: {run.reason}" for run in analysis.detection.runs if run.status != "ok")
    if "model" in profile.columns and not analysis.releases:
        yield "no model release within the log: pivots could not be tested (name releases with --releases)"
    accounts, principals = analysis.declared
    if accounts:
        yield (
            f"{accounts:,} accounts belong to organisations of several: each of these "
            f"{counted(principals, 'declared customer')} counted as one, and was not searched for clusters within"
        )


def _left_out(options: AnalyzeOptions, candidates: int, most: int) -> Iterator[str]:
    """What was not looked at, and what the reader is not shown."""
    if candidates >= most:
        yield (
            f"only the {most} strongest candidates were looked at (--set cluster.max_candidates={2 * most} for more)"
        )
    if options.pseudonyms is not None:
        yield f"identities are pseudonyms ({METHOD}, key {options.pseudonyms.key_id})"
    if not options.prompts:
        yield "no words of prompts are shown (--no-prompts)"
