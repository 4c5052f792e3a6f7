"""The figures of an evaluation, typed; a share of nothing is None."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from distillscan.report.document import dumps
from distillscan.result import Severity

SCHEMA_VERSION: Final = "1.0"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Accounts in the labels, those of a campaign among them, and how many are in any cluster of the report.

    Those ``not_reported`` count as not found, or as rightly left alone. Accounts of clusters ``without_label`` count
    nowhere else. ``log_accounts`` is what the report states.
    """

    labelled: int
    campaign_accounts: int
    campaigns: int
    reported: int
    not_reported: int
    without_label: int
    log_accounts: int


@dataclass(frozen=True, slots=True)
class Level:
    """Accounts accused at one severity or above; ``right`` of them belong to a campaign."""

    severity: Severity
    clusters: int
    accused: int
    right: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """A campaign or an innocent cohort: how many of its accounts were accused at high, medium or low, or above."""

    name: str
    accounts: int
    at_high: int
    at_medium: int
    at_low: int
    share_at_high: float


@dataclass(frozen=True, slots=True)
class Merge:
    """A cluster at high or above: ``merged`` is the share of its accounts that are not of its main operator."""

    cluster_id: str
    accounts: int
    operators: int
    main_operator: str
    merged: float


@dataclass(frozen=True, slots=True)
class Split:
    """An operator of a campaign: ``split`` is the share of its found accounts that are not in its main cluster."""

    operator: str
    found: int
    clusters: int
    main_cluster: str
    split: float


@dataclass(frozen=True, slots=True)
class Operators:
    """How clusters at high or above match operators; overall shares are weighted by accounts."""

    merged: float | None
    split: float | None
    clusters: tuple[Merge, ...]
    operators: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Average precision of all labelled accounts, ranked by the score of their best cluster; ties at random.

    ``by_chance`` is what no ranking at all would be expected to reach.
    """

    average_precision: float | None
    by_chance: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Clusters whose probability is in ``[low, high)``; the last bin includes 1.

    ``stated`` and ``observed`` are the mean probability and the share of right clusters; the same names with
    ``account_`` weight every cluster by its labelled accounts.
    """

    low: float
    high: float
    clusters: int
    right: int
    stated: float
    observed: float
    accounts: int
    account_stated: float
    account_observed: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether a probability means what it says: reliability by bin, and the Brier score (0 is best)."""

    brier: float | None
    account_brier: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Axes:
    """The calibration of a cluster's three probabilities, over clusters with labelled accounts."""

    clusters: int
    right: int
    not_judged: int
    score: Calibration
    coordination: Calibration
    extraction: Calibration


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of a report compared with labels. ``notes`` say in words what limits them."""

    version: str
    report_version: str
    coverage: Coverage
    levels: tuple[Level, ...]
    campaigns: tuple[Group, ...]
    innocent: tuple[Group, ...]
    operators: Operators
    ranking: Ranking
    calibration: Axes
    notes: tuple[str, ...]

    def level(self, severity: Severity) -> Level:
        """Return the figures at this severity or above."""
        return next(level for level in self.levels if level.severity == severity)

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as plain JSON types."""
        body = json.loads(dumps(asdict(self)))
        tool = {"name": "distillscan", "version": body.pop("version")}
        return {"schema_version": SCHEMA_VERSION, "tool": tool, **body}
