"""Every figure of an evaluation, against numbers counted by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.errors import InputError
from distillscan.evaluate import Bin, Coverage, Group, Level, Merge, Ranking, Split, evaluate
from distillscan.result import SEVERITIES, Cluster, Filters, Result
from tests.support.labelled import TRUTH, cluster, labels, mixed, report


def perfect() -> Result:
    return report(
        cluster("ann", "critical", 1.0, ["a1", "a2", "a3", "a4"]), cluster("bob", "critical", 1.0, ["b1", "b2"])
    )


def test_accounts_at_each_severity_or_above() -> None:
    assert evaluate(mixed(), labels()).levels == (
        Level("critical", 1, 4, 4, 1.0, 4 / 6),
        Level("high", 2, 5, 5, 1.0, 5 / 6),
        Level("medium", 3, 7, 6, 6 / 7, 1.0),
        Level("low", 4, 9, 6, 6 / 9, 1.0),
    )


def test_campaigns_and_cohorts() -> None:
    found = evaluate(mixed(), labels())
    assert found.campaigns == (Group("fan-1", 4, 4, 4, 4, 1.0), Group("relay-1", 2, 1, 2, 2, 0.5))
    assert found.innocent == (Group("campus", 2, 0, 1, 1, 0.0), Group("ordinary", 4, 0, 0, 2, 0.0))
    assert found.coverage == Coverage(12, 6, 2, 9, 3, 0, 12)
    assert found.notes == ()


def test_an_account_in_two_clusters_counts_once_at_its_best() -> None:
    found = evaluate(report(cluster("x", "low", 0.9, ["a1", "c1"]), cluster("y", "high", 0.4, ["c1", "c1"])), labels())
    assert found.level("high") == Level("high", 1, 1, 0, 0.0, 0.0)
    assert found.level("low") == Level("low", 2, 2, 1, 0.5, 1 / 6)
    assert found.innocent[0] == Group("campus", 2, 1, 1, 1, 0.5)
    assert found.operators.clusters == (Merge("y", 1, 1, "c1", 0.0),)


def test_merges_and_splits_at_high() -> None:
    operators = evaluate(mixed(), labels()).operators
    assert operators.clusters == (Merge("big", 4, 2, "ann", 0.25), Merge("rest", 1, 1, "ann", 0.0))
    assert operators.operators == (Split("ann", 4, 2, "big", 0.25), Split("bob", 1, 1, "big", 0.0))
    assert (operators.merged, operators.split) == (1 / 5, 1 / 5)


def test_a_merge_without_majority_takes_the_first_name_and_a_split_the_better_cluster() -> None:
    found = evaluate(
        report(cluster("p", "high", 0.9, ["b1", "a1"]), cluster("q", "high", 0.8, ["a2"])), labels()
    ).operators
    assert found.clusters[0] == Merge("p", 2, 2, "ann", 0.5)
    assert found.operators[0] == Split("ann", 2, 2, "p", 0.5)


def test_an_account_in_the_main_cluster_and_another_is_not_split() -> None:
    found = evaluate(
        report(cluster("p", "high", 0.9, ["a1", "a2", "a3"]), cluster("q", "high", 0.8, ["a3"])), labels()
    ).operators
    assert found.operators == (Split("ann", 3, 2, "p", 0.0),)


def test_innocent_operators_are_merged_but_never_split() -> None:
    rows = (*TRUTH, ("f1", "firm", "company", None), ("f2", "firm", "company", None))
    found = evaluate(
        report(cluster("p", "high", 0.9, ["f1", "o1"]), cluster("q", "high", 0.8, ["f2"])), labels(rows)
    ).operators
    assert found.clusters == (Merge("p", 2, 2, "firm", 0.5), Merge("q", 1, 1, "firm", 0.0))
    assert (found.merged, found.split, found.operators) == (1 / 3, None, ())


def test_calibration_of_the_score() -> None:
    axes = evaluate(mixed(), labels()).calibration
    # big is 75 % ann's and so not right; rest is; half is 50 % bob's; noise is nobody's.
    assert (axes.clusters, axes.right, axes.not_judged) == (4, 1, 0)
    assert [(b.low, b.high, b.clusters, b.right, b.accounts) for b in axes.score.bins] == [
        (0.2, 0.3, 1, 0, 2),
        (0.6, 0.7, 1, 0, 2),
        (0.9, 1.0, 2, 1, 5),
    ]
    top = axes.score.bins[-1]
    assert [top.stated, top.observed] == pytest.approx([0.96, 0.5])
    assert [top.account_stated, top.account_observed] == pytest.approx([(4 * 0.97 + 0.95) / 5, 0.2])
    errors = [(0.97**2, 4), (0.05**2, 1), (0.6**2, 2), (0.2**2, 2)]
    assert axes.score.brier == pytest.approx(sum(e for e, _ in errors) / 4)
    assert axes.score.account_brier == pytest.approx(sum(e * n for e, n in errors) / 9)


def test_calibration_of_the_axes_uses_their_own_probabilities() -> None:
    axes = evaluate(mixed(), labels()).calibration
    assert [(b.low, b.clusters) for b in axes.coordination.bins] == [(0.8, 1), (0.9, 3)]
    assert [(b.low, b.clusters) for b in axes.extraction.bins] == [(0.2, 1), (0.6, 1), (0.9, 2)]
    assert axes.coordination.brier == pytest.approx((0.97**2 + 0.05**2 + 0.95**2 + 0.8**2) / 4)
    assert axes.extraction.brier == pytest.approx((0.97**2 + 0.05**2 + 0.63**2 + 0.25**2) / 4)


@pytest.mark.parametrize(("strangers", "right"), [(1, 1), (2, 0)])
def test_four_fifths_of_one_operator_are_right(strangers: int, right: int) -> None:
    members = ["a1", "a2", "a3", "a4", "o1", "o2"][: 4 + strangers]
    assert evaluate(report(cluster("p", "low", 0.5, members)), labels()).calibration.right == right


def test_a_cluster_of_one_innocent_operator_is_not_right() -> None:
    rows = (*TRUTH, ("f1", "firm", "company", None), ("f2", "firm", "company", None))
    axes = evaluate(report(cluster("p", "high", 1.0, ["f1", "f2"])), labels(rows)).calibration
    assert axes.score.bins == (Bin(0.9, 1.0, 1, 0, 1.0, 0.0, 2, 1.0, 0.0),)
    assert axes.score.brier == 1.0


def test_a_perfect_report_is_perfect_everywhere() -> None:
    found = evaluate(perfect(), labels())
    assert all((level.precision, level.recall) == (1.0, 1.0) for level in found.levels)
    assert all(group.share_at_high == 1.0 for group in found.campaigns)
    assert all(group.at_low == 0 for group in found.innocent)
    assert (found.operators.merged, found.operators.split) == (0.0, 0.0)
    assert found.ranking.average_precision == 1.0
    assert [a.brier for a in (found.calibration.score, found.calibration.coordination)] == [0.0, 0.0]


def test_a_report_that_found_nothing() -> None:
    found = evaluate(report(), labels())
    assert found.levels == tuple(Level(severity, 0, 0, 0, None, 0.0) for severity in SEVERITIES)
    assert (found.operators.merged, found.operators.split) == (None, None)
    assert found.ranking.average_precision == found.ranking.by_chance
    assert found.calibration.score.brier is None
    assert found.calibration.score.bins == ()


def test_labels_without_a_campaign() -> None:
    innocent = labels([row for row in TRUTH if row[3] is None])
    found = evaluate(report(cluster("p", "high", 0.9, ["c1", "o1"]), accounts=6), innocent)
    assert found.level("high") == Level("high", 1, 2, 0, 0.0, None)
    assert found.ranking == Ranking(None, None)
    assert found.campaigns == ()
    assert found.notes == ("no account is of a campaign: recall and average precision say nothing",)


def test_what_is_missing_on_either_side_is_said() -> None:
    found = evaluate(
        report(
            cluster("p", "high", 0.9, ["a1", "x1", "x2"]),
            cluster("q", "high", 0.9, ["x1"]),
            cluster("r", "low", 0.3, []),
            accounts=2_000,
            limitations=("no ip column: network evidence not available",),
            filters=Filters("high", None, None, {"low": 1}),
        ),
        labels(),
    )
    assert found.coverage == Coverage(12, 6, 2, 1, 11, 2, 2_000)
    assert found.level("high") == Level("high", 2, 1, 1, 1.0, 1 / 6)
    assert found.calibration.not_judged == 2
    assert found.notes == (
        "2 reported accounts not in the labels: left out of every figure",
        "2 clusters without any labelled account: not in the calibration",
        "the labels have 12 accounts, the log had 2,000",
        "the report is not complete: 1 cluster is not shown (1 low) because of --min-severity high",
    )


def test_a_report_of_another_log_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        evaluate(report(cluster("p", "high", 0.9, ["x1", "x2"])), labels())
    assert str(caught.value) == (
        "the labels know no account of the report's clusters (2 accounts): give the labels of the log that was analysed"
    )


def test_the_document_gives_the_same_as_the_result() -> None:
    assert evaluate(mixed().to_dict(), labels()) == evaluate(mixed(), labels())


def test_a_document_that_is_no_report_is_refused() -> None:
    with pytest.raises(InputError, match=r"^not a distillscan report: no schema_version$"):
        evaluate({}, labels())


def test_to_dict_is_plain_json() -> None:
    document = evaluate(mixed(), labels()).to_dict()
    assert json.loads(json.dumps(document)) == document
    assert list(document) == [
        "schema_version", "tool", "report_version", "coverage", "levels", "campaigns", "innocent", "operators",
        "ranking", "calibration", "notes",
    ]  # fmt: skip
    assert document["report_version"] == "9.9"
    assert document["operators"]["clusters"][0] == {
        "cluster_id": "big", "accounts": 4, "operators": 2, "main_operator": "ann", "merged": 0.25,
    }  # fmt: skip


NAMES = [row[0] for row in TRUTH] + ["stranger"]
CLUSTERS = st.lists(
    st.builds(
        cluster,
        st.sampled_from("pqrs"),
        st.sampled_from(SEVERITIES),
        st.floats(0, 1),
        st.lists(st.sampled_from(NAMES), max_size=8),
    ),
    max_size=5,
)


@given(CLUSTERS, st.randoms(use_true_random=False))
def test_figures_hold_together_whatever_was_reported(clusters: list[Cluster], random: object) -> None:
    known = {name for c in clusters for name in c.account_ids} - {"stranger"}
    if not known:
        clusters = [*clusters, cluster("known", "low", 0.1, ["o4"])]
    shuffled = labels().sample(fraction=1, shuffle=True, seed=random.randrange(99))  # type: ignore[attr-defined]
    found = evaluate(report(*clusters), shuffled)
    assert found == evaluate(report(*clusters), labels())
    recalls = [level.recall for level in found.levels]
    assert recalls == sorted(recalls, key=lambda value: value or 0)
    shares = [share for level in found.levels for share in (level.precision, level.recall)]
    shares += [found.operators.merged, found.operators.split, found.ranking.average_precision]
    for axis in (found.calibration.score, found.calibration.coordination, found.calibration.extraction):
        shares += [axis.brier, axis.account_brier]
        shares += [s for b in axis.bins for s in (b.stated, b.observed, b.account_stated, b.account_observed)]
        assert all(b.low - 1e-9 <= b.stated <= b.high + 1e-9 for b in axis.bins)
        assert sum(b.clusters for b in axis.bins) == found.calibration.clusters
        assert sum(b.right for b in axis.bins) == found.calibration.right
    assert all(0 <= share <= 1 + 1e-12 for share in shares if share is not None)
    high = found.level("high")
    assert sum(group.at_high for group in found.campaigns) == high.right
    assert sum(group.at_high for group in (*found.campaigns, *found.innocent)) == high.accused
    assert sum(split.found for split in found.operators.operators) == high.right
