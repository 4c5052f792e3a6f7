"""The detector alone, what it adds to the built-in ones, and that an installed one takes part by itself."""

from pathlib import Path

from network_operators import NetworkOperatorsDetector

from distillscan import AnalyzeOptions, analyze
from distillscan.testing import assess, campaign, canonical, check_detector, find_clusters, ordinary

# Three hundred people on ten operators, and a campaign of twelve accounts on one that nobody else uses.
PEOPLE = ordinary(300, asn=lambda k, _: f"AS{64500 + k % 10}")
CAMPAIGN = campaign(12, asn="AS65000")
NAMES = frozenset(row["account_id"] for row in CAMPAIGN)


def test_it_keeps_the_contract() -> None:
    check_detector(NetworkOperatorsDetector(), [*PEOPLE, *CAMPAIGN], "camp")


def test_it_counts_who_shares_a_rare_operator() -> None:
    (finding,) = assess(NetworkOperatorsDetector(), [*PEOPLE, *CAMPAIGN], "camp")
    assert finding.summary == "12 of 12 members come mainly from 1 network operator that 0.17 % of other accounts use"
    assert 7 < finding.bits <= 8


def test_customers_of_large_operators_share_nothing() -> None:
    assert assess(NetworkOperatorsDetector(), [*PEOPLE, *CAMPAIGN], "home") == []


def test_the_campaign_is_found_by_it_and_not_without_it() -> None:
    log = [*PEOPLE, *CAMPAIGN]
    assert find_clusters(log) == []
    (cluster,) = find_clusters(log, NetworkOperatorsDetector())
    assert cluster.accounts == NAMES
    assert cluster.coordination > 0.9


def test_people_alone_are_left_alone() -> None:
    assert find_clusters(PEOPLE, NetworkOperatorsDetector()) == []


def test_once_installed_it_takes_part_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "log.parquet"
    canonical([*PEOPLE, *CAMPAIGN]).drop("source", "row").write_parquet(file)
    (cluster,) = analyze(file).result.clusters
    assert cluster.account_ids == tuple(sorted(NAMES))
    assert cluster.cluster_id.startswith("operator-")
    without = AnalyzeOptions(without=("network_operators",))
    assert analyze(file, without).result.clusters == ()
