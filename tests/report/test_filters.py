"""Filters leave clusters out and say so."""

from dataclasses import replace

import pytest

from distillscan.report.filters import at_least, select
from distillscan.result import SEVERITIES, Severity
from tests.support.fake_results import busy, cluster, quiet

BELOW_HIGH = "2 clusters are below high and not shown (--min-severity high)"


@pytest.mark.parametrize(("severity", "levels"), [("critical", 4), ("high", 3), ("medium", 2), ("low", 1)])
def test_at_least(severity: Severity, levels: int) -> None:
    assert [at_least(cluster(severity=severity), level) for level in reversed(SEVERITIES)] == [True] * levels + [
        False
    ] * (4 - levels)


@pytest.mark.parametrize(
    ("level", "top", "ranks", "notes"),
    [
        (None, None, [1, 2, 3, 4], ()),
        ("low", 4, [1, 2, 3, 4], ()),
        ("high", None, [1, 2], (BELOW_HIGH,)),
        ("high", 1, [1], (BELOW_HIGH, "1 cluster is ranked below the first 1 and not shown (--top 1)")),
        (None, 2, [1, 2], ("2 clusters are ranked below the first 2 and not shown (--top 2)",)),
        ("critical", 5, [1], ("3 clusters are below critical and not shown (--min-severity critical)",)),
    ],
)
def test_select(level: Severity | None, top: int | None, ranks: list[int], notes: tuple[str, ...]) -> None:
    found = select(busy(), level, top)
    assert [c.rank for c in found.clusters] == ranks
    assert found.limitations == busy().limitations + notes
    assert replace(found, clusters=busy().clusters, limitations=busy().limitations) == busy()


def test_clusters_come_out_in_order_of_rank() -> None:
    found = select(quiet(clusters=(cluster(2), cluster(1))), top=1)
    assert [c.rank for c in found.clusters] == [1]
