"""The result document: what one analysis found, typed; every output format is a view of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

#: Of the report: the minor number grows with new fields, the major one when a field changes or goes.
SCHEMA_VERSION = "1.2"
#: Versions whose reports can be read: a field that came later has a default.
READABLE_VERSIONS = ("1.0", "1.1", "1.2")

Severity = Literal["critical", "high", "medium", "low"]
Family = Literal["content", "identity", "network", "timing"]
Axis = Literal["coordination", "extraction"]
Status = Literal["ok", "skipped", "error"]
InputStatus = Literal["read", "partial", "skipped"]
Verdict = Literal["fails", "holds", "not tested"]
Disclosure = Literal["values", "pseudonyms", "shared words", "counts", "nothing"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
FAMILIES: tuple[Family, ...] = ("content", "identity", "network", "timing")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One statement about a cluster with its weight in bits (log2 likelihood ratio) and the numbers behind it."""

    detector: str
    family: Family
    axis: Axis
    bits: float
    summary: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weight:
    """A line of the sum that gives a probability: the prior, a family (after its cap) or a declared relation."""

    axis: Axis
    label: str
    bits: float


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt skeleton that accounts of a cluster share; ``{...}`` stands for text that differs between accounts."""

    template_id: str
    skeleton: str
    where: Literal["prompt", "system_prompt"]
    accounts: int
    coverage: float
    accounts_outside: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """An innocent explanation that was tested against a cluster, and what came of it."""

    explanation: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """A set of accounts judged to be one operator. Times are ISO 8601 in UTC; probabilities are in 0..1."""

    cluster_id: str
    rank: int
    severity: Severity
    score: float
    coordination: float
    extraction: float
    summary: str
    accounts: int
    account_ids: tuple[str, ...]
    requests: int
    first_seen: str
    last_seen: str
    weights: tuple[Weight, ...]
    evidence: tuple[Evidence, ...]
    templates: tuple[Template, ...]
    capabilities: Mapping[str, Any]
    infrastructure: Mapping[str, Any]
    timeline: tuple[Mapping[str, Any], ...]
    benign_explanations: tuple[Explanation, ...]


@dataclass(frozen=True, slots=True)
class DetectorRun:
    """What became of one detector in this run; ``reason`` says why it was skipped or failed."""

    name: str
    version: str
    status: Status
    reason: str
    needs: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Input:
    """One input file as it was read: whole, in part or not at all, and then why."""

    path: str
    rows: int
    bytes: int
    sha256: str
    status: InputStatus = "read"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A canonical column that was read, what for, and what of it the report shows at most."""

    name: str
    used_for: str
    shown: Disclosure


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows that were not used, counted per reason."""

    rows: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Population:
    """The log as a whole; times are ISO 8601 in UTC, empty when there is no request."""

    requests: int
    accounts: int
    first_seen: str
    last_seen: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Which clusters are listed: from a severity on, the best ``top``, or the one with an id; None does not limit them.

    ``hidden`` says how many clusters of each severity are left out, worst first, without the zeros.
    """

    min_severity: Severity | None = None
    top: int | None = None
    cluster: str | None = None
    hidden: Mapping[Severity, int] = field(default_factory=dict)


def _lists(value: Any) -> Any:
    """The value with every tuple as a list, as JSON has it."""
    if isinstance(value, Mapping):
        return {key: _lists(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Result:
    """Everything one analysis has to say."""

    version: str
    parameters: Mapping[str, Any]
    inputs: tuple[Input, ...]
    rejected: Rejected
    population: Population
    detectors: tuple[DetectorRun, ...]
    clusters: tuple[Cluster, ...]
    limitations: tuple[str, ...]
    columns: tuple[ColumnUse, ...] = ()
    filters: Filters = field(default_factory=Filters)

    def to_dict(self) -> dict[str, Any]:
        """The document as plain JSON types, keys in the order of the published schema."""
        body = _lists(asdict(self))
        version = body.pop("version")
        return {"schema_version": SCHEMA_VERSION, "tool": {"name": "distillscan", "version": version}, **body}
