"""What answers the two questions about a cluster, in the order in which people should read it."""

from dataclasses import replace

from distillscan.report.filters import select
from distillscan.report.views.shared.judgement import cluster_counts, explanations, judgements, severities
from tests.support.fake_results import busy, cluster, quiet


def test_each_question_has_its_probability_weights_and_evidence() -> None:
    coordination, extraction = judgements(cluster())
    assert (coordination.question, coordination.probability) == ("One undeclared operator", 0.9968)
    assert [weight.label for weight in coordination.weights] == [
        "prior",
        "content",
        "identity",
        "network",
        "declared organisation",
    ]
    assert coordination.bits == -10.0 + 8.6 + 5.2 + 7.4 - 3.0
    assert [item.bits for item in coordination.evidence] == [8.6, 7.4, 3.9, 1.3]
    assert (extraction.question, extraction.probability) == ("Harvesting the model", 0.9731)
    assert [item.bits for item in extraction.evidence] == [5.1, 1.6]


def test_evidence_against_counts_by_its_size() -> None:
    first, *_ = cluster().evidence
    against = replace(first, bits=-9.0)
    (coordination, _) = judgements(cluster(evidence=(first, against)))
    assert coordination.evidence == (against, first)


def test_explanations_that_hold_come_first() -> None:
    assert [one.verdict for one in explanations(cluster())] == ["holds", "not tested", "fails", "fails"]


def test_severities_are_counted_worst_first() -> None:
    clusters = tuple(cluster(severity=s) for s in ("low", "high", "low", "critical"))
    result = busy(clusters=clusters)
    assert list(severities(result).items()) == [("critical", 1), ("high", 1), ("low", 2)]


def test_clusters_that_are_not_listed_count_as_well() -> None:
    assert severities(select(busy(), "high", top=1)) == severities(busy())


def test_clusters_are_counted_in_words() -> None:
    assert cluster_counts(quiet()) == "no cluster"
    assert cluster_counts(select(busy(), "high")) == "4 clusters: 1 critical, 1 high, 1 medium, 1 low"
