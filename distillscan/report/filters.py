"""Which clusters a view shows; what was left out is always said."""

from dataclasses import replace

from distillscan.result import SEVERITIES, Cluster, Result, Severity
from distillscan.wording import counted


def at_least(cluster: Cluster, level: Severity) -> bool:
    """Whether the cluster's severity is ``level`` or worse."""
    return SEVERITIES.index(cluster.severity) <= SEVERITIES.index(level)


def select(result: Result, min_severity: Severity | None = None, top: int | None = None) -> Result:
    """Return the result with only the clusters at or above ``min_severity``, and of these the first ``top``.

    Ranks and identifiers stay as they were. For every filter that left clusters out, ``limitations`` says how many.
    """
    clusters, notes = split(result, min_severity, top)
    return replace(result, clusters=clusters, limitations=result.limitations + notes)


def split(
    result: Result, min_severity: Severity | None, top: int | None
) -> tuple[tuple[Cluster, ...], tuple[str, ...]]:
    """Return the clusters to show, best rank first, and one line for every filter that left some out."""
    ranked = tuple(sorted(result.clusters, key=lambda cluster: cluster.rank))
    notes: list[str] = []
    shown = ranked if min_severity is None else tuple(c for c in ranked if at_least(c, min_severity))
    if len(shown) < len(ranked):
        notes.append(
            f"{_are(len(ranked) - len(shown))} below {min_severity} and not shown (--min-severity {min_severity})"
        )
    if top is not None and top < len(shown):
        notes.append(f"{_are(len(shown) - top)} ranked below the first {top} and not shown (--top {top})")
        shown = shown[:top]
    return shown, tuple(notes)


def _are(n: int) -> str:
    return f"{counted(n, 'cluster')} {'is' if n == 1 else 'are'}"
