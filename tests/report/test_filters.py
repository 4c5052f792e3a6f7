"""Filters leave clusters out, and the document says so."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.report.filters import at_least, hidden_clusters, select
from distillscan.report.views.shared.judgement import severities
from distillscan.result import SEVERITIES, Filters, Severity
from tests.support.fake_results import busy, cluster, quiet


@pytest.mark.parametrize(("severity", "levels"), [("critical", 4), ("high", 3), ("medium", 2), ("low", 1)])
def test_at_least(severity: Severity, levels: int) -> None:
    assert [at_least(cluster(severity=severity), level) for level in reversed(SEVERITIES)] == [True] * levels + [
        False
    ] * (4 - levels)


@pytest.mark.parametrize(
    ("level", "top", "ranks", "hidden"),
    [
        (None, None, [1, 2, 3, 4], {}),
        ("low", 4, [1, 2, 3, 4], {}),
        ("high", None, [1, 2], {"medium": 1, "low": 1}),
        ("high", 1, [1], {"high": 1, "medium": 1, "low": 1}),
        (None, 2, [1, 2], {"medium": 1, "low": 1}),
        ("critical", 5, [1], {"high": 1, "medium": 1, "low": 1}),
    ],
)
def test_select(level: Severity | None, top: int | None, ranks: list[int], hidden: dict[Severity, int]) -> None:
    found = select(busy(), level, top)
    assert [c.rank for c in found.clusters] == ranks
    assert found.filters == Filters(level, top, None, hidden)
    assert replace(found, clusters=busy().clusters, filters=Filters()) == busy()


def test_clusters_come_out_in_order_of_rank() -> None:
    found = select(quiet(clusters=(cluster(2), cluster(1))), top=1)
    assert [c.rank for c in found.clusters] == [1]


def test_one_cluster_is_chosen_by_its_identifier() -> None:
    found = select(busy(), cluster="ip-10be44d0a7")
    assert [c.rank for c in found.clusters] == [2]
    assert found.filters == Filters(None, None, "ip-10be44d0a7", {"critical": 1, "medium": 1, "low": 1})


levels = st.sampled_from([None, *SEVERITIES])
limits = st.none() | st.integers(1, 5)


@given(levels, limits, levels, limits)
def test_filters_of_a_filtered_report_stay_in_force(
    level: Severity | None, top: int | None, later: Severity | None, fewer: int | None
) -> None:
    once = select(busy(), level, top)
    twice = select(once, later, fewer)
    assert select(once) == once
    direct = {c.rank for c in select(busy(), later, fewer).clusters}
    assert {c.rank for c in twice.clusters} == {c.rank for c in once.clusters} & direct
    assert severities(twice) == severities(busy())


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (Filters(), ""),
        (Filters("high"), ""),
        (Filters("high", None, None, {"low": 1}), "1 cluster is not shown (1 low) because of --min-severity high"),
        (
            Filters("high", 3, None, {"high": 2, "low": 1_200}),
            "1,202 clusters are not shown (2 high, 1,200 low) because of --min-severity high --top 3",
        ),
        (Filters(None, None, "ip-1", {"low": 2}), "2 clusters are not shown (2 low) because of --cluster ip-1"),
    ],
)
def test_what_is_hidden_is_said_in_words(filters: Filters, words: str) -> None:
    assert hidden_clusters(filters) == words
