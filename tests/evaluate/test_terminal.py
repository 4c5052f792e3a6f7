"""The evaluation for people: every figure in its place, nothing cut, nothing a terminal acts on."""

import pytest

from distillscan.evaluate import evaluate, to_text
from tests.support.labelled import TRUTH, cluster, labels, mixed, report

MIXED = """\
distillscan {version}  evaluation of a report by 9.9
12 labelled accounts, 6 of them in 2 campaigns
9 in a cluster of the report, 3 in none

Accounts at each severity or above
  severity  clusters  accused  right  precision  recall
  critical         1        4      4      100 %    67 %
  high             2        5      5      100 %    83 %
  medium           3        7      6       86 %   100 %
  low              4        9      6       67 %   100 %

Campaigns: accounts found
  campaign  accounts  at high  at medium  at low  recall at high
  fan-1            4        4          4       4           100 %
  relay-1          2        1          2       2            50 %

Innocent accounts accused
  cohort    accounts  at high  at medium  at low
  campus           2        0          1       1
  ordinary         4        0          0       2

Operators, in clusters at high
  merged  20 % of the accounts in 2 clusters are not of the cluster's main operator
  split   20 % of the found accounts of 2 operators are not in its main cluster

  cluster  accounts  operators  merged
  big             4          2    25 %

  operator  found  clusters  split
  ann           4         2   25 %

Ranking
  average precision 0.988  (accounts in random order: {chance})

Calibration: 1 of 4 clusters right
  score         clusters  right  stated  observed  accounts  stated  observed
  0.2–0.3              1      0   0.200     0.000         2   0.200     0.000
  0.6–0.7              1      0   0.600     0.000         2   0.600     0.000
  0.9–1.0              2      1   0.960     0.500         5   0.966     0.200
  Brier                                     0.335                       0.507
"""


def test_every_figure_is_shown() -> None:
    found = evaluate(mixed(), labels())
    chance = f"{found.ranking.by_chance:.6f}"[:5]
    shown = to_text(found)
    assert shown.startswith(MIXED.format(version=found.version, chance=chance))
    assert shown.endswith("\n  The last three columns weight clusters by their accounts.\n")
    assert [line[:14].strip() for line in shown.splitlines() if line.endswith("observed")] == [
        "score",
        "coordination",
        "extraction",
    ]


def test_nothing_reported() -> None:
    shown = to_text(evaluate(report(), labels()))
    assert "  high             0        0      0          –     0 %\n" in shown
    assert "Innocent accounts accused\n  none in 2 cohorts (6 accounts)\n" in shown
    assert "Operators, in clusters at high\n  no cluster at high\n" in shown
    assert shown.endswith("Calibration: 0 of 0 clusters right\n  no cluster to judge\n")


def test_spared_cohorts_are_counted_beside_accused_ones() -> None:
    shown = to_text(evaluate(report(cluster("p", "high", 0.9, ["c1"])), labels()))
    assert "  campus         2        1          1       1\n  none in the other 1 cohort (4 accounts)\n" in shown


def test_sections_of_nobody_are_left_out() -> None:
    innocent = to_text(evaluate(report(accounts=6), labels([row for row in TRUTH if row[3] is None])))
    assert "\nCampaigns" not in innocent
    assert "! no account is of a campaign: recall and average precision say nothing\n" in innocent
    assert "average precision –  (accounts in random order: –)\n" in innocent
    assert "Innocent" not in to_text(evaluate(report(accounts=6), labels([row for row in TRUTH if row[3]])))


@pytest.mark.parametrize("width", [10, 80, 200])
def test_hostile_and_long_names_fit_every_width(width: int) -> None:
    bad = "[bold]\x1b[2J\u202e" + "n" * 90
    rows = [
        (name, who and f"{who}{bad}", f"{cohort}{bad}", camp and f"{camp}{bad}") for name, who, cohort, camp in TRUTH
    ]
    clusters = [cluster(f"{bad}{c.cluster_id}", c.severity, c.score, c.account_ids) for c in mixed().clusters]
    shown = to_text(evaluate(report(*clusters), labels(rows)), width=width)
    assert not {"\x1b", "\u202e"} & set(shown)
    assert r"[bold]\x1b[2J\u202e" in shown
    assert max(map(len, shown.splitlines())) <= max(width, 80)
    header = next(line for line in shown.splitlines() if line.strip().startswith("campaign "))
    assert header.endswith("recall at high")
