"""Which clusters of a report are listed; what is left out is recorded in the document."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from distillscan.errors import UsageError
from distillscan.result import SEVERITIES, Cluster, Filters, Result, Severity
from distillscan.wording import counted

#: Clusters named in an error message before the rest is counted.
_NAMED = 8


def at_least(cluster: Cluster, level: Severity) -> bool:
    """Return whether the cluster's severity is ``level`` or worse."""
    return SEVERITIES.index(cluster.severity) <= SEVERITIES.index(level)


def select(
    result: Result, min_severity: Severity | None = None, top: int | None = None, cluster: str | None = None
) -> Result:
    """Return the result with fewer clusters, best rank first, and with ``filters`` saying what was left out.

    Listed are at most ``top`` (one or more) of the clusters of this severity or worse, or only the one with this
    identifier. Ranks and identifiers stay as they were. Filters of a result that was filtered before stay in force.
    """
    before = result.filters
    levels = [level for level in (min_severity, before.min_severity) if level]
    level = min(levels, key=SEVERITIES.index, default=None)
    limit = min(filter(None, (top, before.top)), default=None)
    ranked = sorted(result.clusters, key=lambda one: one.rank)
    chosen = [one for one in ranked if cluster in (None, one.cluster_id) and (level is None or at_least(one, level))]
    listed = chosen[:limit]
    hidden = Counter(one.severity for one in ranked) - Counter(one.severity for one in listed) + Counter(before.hidden)
    counts = {severity: hidden[severity] for severity in SEVERITIES if hidden[severity]}
    filters = Filters(level, limit, cluster or before.cluster, counts)
    return replace(result, clusters=tuple(listed), filters=filters)


def hidden_clusters(filters: Filters) -> str:
    """Return how many clusters are left out and because of which options, in words; empty if none is."""
    total = sum(filters.hidden.values())
    if not total:
        return ""
    options = {"--min-severity": filters.min_severity, "--top": filters.top, "--cluster": filters.cluster}
    given = " ".join(f"{option} {value}" for option, value in options.items() if value is not None)
    levels = ", ".join(f"{count:,} {severity}" for severity, count in filters.hidden.items())
    verb = "is" if total == 1 else "are"
    return f"{counted(total, 'cluster')} {verb} not shown ({levels}) because of {given}"


def find_cluster(result: Result, wanted: str) -> str:
    """Return the identifier of the cluster that is meant by its rank or by the beginning of its identifier.

    Raises:
        UsageError: There is no such cluster, or there are several; the message names them.
    """
    exact = [one for one in result.clusters if wanted in (str(one.rank), one.cluster_id)]
    begun = [one for one in result.clusters if wanted and one.cluster_id.startswith(wanted)]
    if len(exact or begun) == 1:
        return (exact or begun)[0].cluster_id
    if begun:
        raise UsageError(f"--cluster {wanted}: {_named(begun)} begin so; give more of the identifier, or the rank")
    raise UsageError(f"--cluster {wanted}: the report has no such rank or identifier; it has {_named(result.clusters)}")


def _named(clusters: Sequence[Cluster]) -> str:
    """Clusters by rank and identifier, for a message."""
    names = [f"{one.rank} ({one.cluster_id})" for one in clusters[:_NAMED]]
    if len(clusters) > _NAMED:
        names.append(f"{len(clusters) - _NAMED} more")
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) or "no cluster"
