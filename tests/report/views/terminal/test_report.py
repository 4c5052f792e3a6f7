"""The report for people: what it says first, what it never hides, and that no text can break it."""

import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from distillscan.report.filters import select
from distillscan.report.views.shared.judgement import nothing_looked_at
from distillscan.report.views.terminal.listings import detector_listing
from distillscan.report.views.terminal.report import to_text
from distillscan.report.views.terminal.style import ASCII
from distillscan.result import Evidence, Input, Rejected, Result, Template, Weight
from tests.support.fake_results import DETECTORS, UNLOOKED, busy, cluster, hostile, quiet
from tests.support.hostile import HOSTILE

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_can_neither_act_nor_break_the_layout(text: str, width: int, color: bool) -> None:
    shown = to_text(hostile(text), width=width, color=color, verbosity=int(width > 80))
    if color:
        assert "\x1b[0m" in shown
        shown = ESCAPES.sub("", shown)
    harmful = {c for c in shown if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert harmful == set()
    assert max(cell_len(line) for line in shown.split("\n")) <= width


def test_markup_in_a_log_is_text() -> None:
    shown = to_text(hostile("a [/INST] [bold]b[/bold] :smile:"), width=100)
    assert "│ a [/INST] [bold]b[/bold] :smile: " in shown


@pytest.mark.parametrize("width", [1, 59, 60])
def test_a_narrow_terminal_gets_the_narrowest_layout(width: int) -> None:
    assert to_text(busy(), width=width) == to_text(busy(), width=60)


def test_lines_do_not_grow_beyond_what_can_be_read() -> None:
    assert to_text(busy(), width=400) == to_text(busy(), width=140)
    assert max(map(cell_len, to_text(busy(), width=400).split("\n"))) == 140


def test_plain_text_has_no_escapes_and_no_trailing_spaces() -> None:
    shown = to_text(busy(), width=100)
    assert "\x1b" not in shown
    assert not [line for line in shown.split("\n") if line.endswith(" ")]
    assert shown.endswith("\n")


def test_colour_changes_nothing_but_colour() -> None:
    coloured = ESCAPES.sub("", to_text(busy(), width=100, color=True))
    assert "\n".join(line.rstrip() for line in coloured.split("\n")) == to_text(busy(), width=100)


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = to_text(busy(), width=90, color=True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert to_text(busy(), width=90, color=True) == expected


def test_everything_an_ascii_terminal_gets_is_ascii() -> None:
    shown = to_text(busy(), width=100, verbosity=1) + to_text(quiet(), width=80)
    assert shown.translate(ASCII).isascii()
    assert [len(line) for line in shown.translate(ASCII).split("\n")] == [len(line) for line in shown.split("\n")]


# ---- header and table ---- #


def test_the_header_counts_everything_whatever_is_shown() -> None:
    for shown in (to_text(busy(), width=100), to_text(select(busy(), "critical", 1), width=100)):
        assert shown.split("\n")[:4] == [
            "distillscan 0.1.0  2 files, 508 MB",
            "2,000,000 requests · 41,250 accounts · 1,204 rows not used (<1 %)",
            "2026-05-01 00:00 to 2026-05-31 23:59 UTC (31 days)",
            "4 clusters: 1 critical · 1 high · 1 medium · 1 low",
        ]


def test_an_empty_log_has_no_period() -> None:
    empty = quiet(population=replace(quiet().population, requests=0, accounts=0, first_seen="", last_seen=""))
    assert to_text(empty, width=100).split("\n")[1:5] == [
        "distillscan 0.1.0  1 file, 499 MB",
        "0 requests · 0 accounts",
        "",
        "What was checked",
    ]


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (140, "#  severity  cluster                     accounts  requests  coord.  extr.  score  seen"),
        (90, "# severity cluster                    accounts requests coord. extr. score seen"),
        (80, "# severity cluster                    accounts requests coord. extr. score"),
    ],
)
def test_the_table_keeps_what_matters_when_it_gets_narrow(width: int, head: str) -> None:
    assert head in to_text(busy(), width=width).split("\n")


def test_a_narrow_table_gives_way_step_by_step() -> None:
    def rows(width: int, **changes: Any) -> list[str]:
        clusters = tuple(
            replace(c, cluster_id=f"c-{c.rank}", requests=13_000_000_000, **changes) for c in busy().clusters
        )
        lines = to_text(busy(clusters=clusters), width=width).split("\n")
        return lines[lines.index(next(line for line in lines if line.lstrip().startswith("1 "))) :][:2]

    assert rows(85)[0] == "1 critical c-1          312 13,000,000,000  >99 %  97 % 0.987 2026-05-02–05-15"
    assert rows(77)[0] == "1 critical c-1          312 13,000,000,000  >99 %  97 % 0.987 05-02–05-15"
    assert rows(72)[0] == "1  critical  c-1           312  13,000,000,000   >99 %   97 %  0.987"
    assert rows(72)[1].startswith("   2026-05-02–05-15  312 accounts, 48,211 requests")
    assert rows(60)[0] == "1 critical c-1          312    13.0G  >99 %  97 % 0.987"
    # Over the turn of a year a date without its year would mislead.
    assert rows(77, last_seen="2027-01-01T00:00:00Z")[0] == rows(72)[0]
    assert rows(77, last_seen="2027-01-01T00:00:00Z")[1].startswith("   2026-05-02–2027-01-01  312 accounts")


LONG = "template-f2e249ae6c+system-template-a7db047d1a"


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("name", [LONG, f"{LONG}+email-domain-b55799f5aa"])
def test_an_identifier_is_never_cut(width: int, name: str) -> None:
    clusters = (cluster(1), cluster(2, cluster_id=name, severity="high"))
    shown = to_text(busy(clusters=clusters), width=width)
    table, first, second = shown.partition("╭─")[0], *shown.split("╭─")[1:3]
    flat = re.sub(r"\n +", "", table)
    assert flat.count(name) == 1
    assert "…" not in table
    assert name in re.sub(r" *│\n│ *", "", second)
    assert "--cluster 2 -v" in " ".join(second.replace("│", " ").split())
    assert "template-7f3a91c25e" in table
    assert "template-7f3a91c25e" in first
    assert max(map(len, shown.split("\n"))) <= width


def test_where_identifiers_do_not_fit_they_get_a_line_of_their_own() -> None:
    lines = to_text(busy(clusters=(cluster(1, cluster_id=LONG),)), width=80).split("\n")
    assert lines[5:8] == [
        "#  severity  accounts  requests  coord.  extr.  score  seen",
        "1  critical       312    48,211   >99 %   97 %  0.987  2026-05-02–05-15",
        f"   {LONG}",
    ]


# ---- what is shown, and what is said about the rest ---- #


def _panels(shown: str) -> int:
    return shown.count("╭─")


def test_filters_say_what_they_hide() -> None:
    shown = to_text(select(busy(), "high", 1), width=100)
    assert _panels(shown) == 1
    assert "  3 clusters are not shown (1 high, 1 medium, 1 low) because of --min-severity high --top 1\n" in shown


def test_filters_that_hide_everything_do_not_read_as_nothing_found() -> None:
    only_low = busy(clusters=busy().clusters[3:])
    shown = to_text(select(only_low, "high"), width=100)
    assert "1 cluster: 1 low\n" in shown
    assert "  1 cluster is not shown (1 low) because of --min-severity high\n" in shown
    assert "No set of accounts" not in shown


def test_many_clusters_get_details_for_the_first_ten_unless_asked() -> None:
    many = busy(clusters=tuple(cluster(rank, cluster_id=f"c-{rank}") for rank in range(1, 13)))
    shown = to_text(many, width=100)
    assert _panels(shown) == 10
    assert "  2 more clusters without details here: --top 12 or -v shows them.\n" in shown
    assert _panels(to_text(select(many, top=12), width=100)) == 12
    assert _panels(to_text(many, width=100, verbosity=1)) == 12


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (
            quiet(detectors=DETECTORS[:2]),
            "No set of accounts in this log looks like one undeclared operator. "
            "What was checked and what could not be is below.",
        ),
        (
            quiet(),
            "No set of accounts in this log looks like one undeclared operator, as far as 3 of 4 detectors could tell. "
            "What was checked and what could not be is below.",
        ),
    ],
)
def test_what_nothing_found_means(result: Result, sentence: str) -> None:
    assert sentence in to_text(result, width=140).replace("\n", " ")


@pytest.mark.parametrize("result", UNLOOKED)
def test_that_nothing_was_looked_at_is_the_first_line(result: Result) -> None:
    lines = to_text(result, width=140).split("\n")
    assert lines[0] == nothing_looked_at(result)
    assert lines[1].startswith("distillscan 0.1.0")
    assert "no cluster" not in lines
    assert "No set of accounts" not in "\n".join(lines)


def test_every_detector_is_accounted_for() -> None:
    failed = replace(DETECTORS[3], status="error", reason="ValueError: no")
    lines = to_text(quiet(detectors=(*DETECTORS[:3], failed)), width=100).split("\n")
    at = lines.index("What was checked")
    assert lines[at + 1 : at + 5] == [
        "  ✓ template_uniformity 1      prompts that share a skeleton with variable slots",
        "  ✓ account_fanout 1           many accounts in one hand: payments, devices, sign-ups",
        "  – infrastructure_overlap 1   not checked: needs ip",
        "  ✗ release_pivot 1            failed: ValueError: no",
    ]
    assert "  no detector was chosen\n" in to_text(quiet(detectors=()), width=100).replace("    no", "  no")


def test_rejected_rows_are_counted_per_reason() -> None:
    reasons = {f"reason {i:02d}": i for i in range(1, 11)}
    result = quiet(rejected=Rejected(55, reasons))
    shown = to_text(result, width=100)
    assert "55 rows not used (<1 %)\n  10  reason 10\n   9  reason 09\n" in shown
    assert "   3  for other reasons (-v)\n" in shown
    assert "reason 02" not in shown
    assert "   1  reason 01\n" in to_text(result, width=100, verbosity=1)


def test_without_limitations_there_is_no_such_section() -> None:
    assert "Limitations" not in to_text(quiet(limitations=()), width=100)
    assert to_text(quiet(inputs=(Input("x", 1, 999, ""),)), width=100).startswith("distillscan 0.1.0  1 file, 999 B\n")


# ---- the panel ---- #


def _panel(width: int = 140, verbosity: int = 0, **changes: Any) -> str:
    shown = to_text(busy(clusters=(replace(cluster(), **changes),)), width=width, verbosity=verbosity)
    body = shown[shown.index("╭─") : shown.index("╰─")]
    return "\n".join(line.strip("│").strip() for line in body.split("\n"))


def test_the_sum_is_drawn_and_explains_the_probability() -> None:
    shown = _panel()
    assert "One undeclared operator  >99 %  bits: every +1 doubles the odds" in shown
    assert re.search(r"prior +−10\.0  ━+│\n", shown)
    assert re.search(r"sum +\+8\.2 +━+\n", shown)
    assert "calibrated" not in shown


def test_a_calibrated_probability_is_said_to_be_one() -> None:
    assert ">99 % by the sum alone; 60 % after calibration" in _panel(coordination=0.6)


def test_an_axis_without_evidence_says_so() -> None:
    shown = _panel(weights=(), evidence=())
    assert "One undeclared operator  >99 %\nno evidence either way" in shown
    assert "Harvesting the model  97 %\nno evidence either way" in shown


def test_evidence_is_grouped_by_family_strongest_first_and_the_rest_counted() -> None:
    evidence = tuple(Evidence("d", "network", "coordination", bits, f"fact {bits}") for bits in (1.0, -4.0, 2.0, 3.0))
    evidence += (Evidence("d", "content", "coordination", 0.5, "fact c", {"x": [1, "\x1b"]}),)
    shown = _panel(evidence=evidence, weights=(), infrastructure={}, benign_explanations=())
    lines = [line for line in shown.split("\n") if "fact" in line or "more" in line]
    assert lines == [
        "content    +0.5  fact c",
        "network    −4.0  fact -4.0",
        "+3.0  fact 3.0",
        "+2.0  fact 2.0",
        "and 1 more (-v)",
        "accounts  acct_00000, acct_00001, acct_00002, acct_00003, acct_00004, acct_00005 and 306 more (-v)",
    ]
    verbose = _panel(evidence=evidence, weights=(), verbosity=1)
    assert "+1.0  fact 1.0  d" in verbose
    assert r'x [1,"\u001b"]' in verbose


def test_templates_show_their_slots_and_who_else_uses_them() -> None:
    shown = _panel()
    assert "prompt  298 accounts, 2 outside · 91 % of requests  t-0a41" in shown
    assert "system prompt  41 accounts, none outside · 12 % of requests  t-77c0" in shown
    assert "Grade the following answer from 1 to {...} by this rubric: {...}" in shown
    long = (Template("t", "word " * 400, "prompt", 3, 0.5, 0),) * 4
    assert "and 1 more (-v)" in _panel(templates=long)
    assert _panel(templates=long).count("word") < _panel(templates=long[:1], verbosity=1).count("word") == 400


def test_infrastructure_is_aligned_and_counts_what_it_leaves_out() -> None:
    lines = _panel(
        infrastructure={"ip": {"distinct": 61, "top": [{"value": f"10.0.0.{i}", "accounts": 9 - i} for i in range(5)]}}
    ).split("\n")
    at = lines.index("Infrastructure")
    assert lines[at + 1 : at + 6] == [
        "accounts",
        "ip  10.0.0.0                 9",
        "10.0.0.1                 8",
        "10.0.0.2                 7",
        "and 58 more (-v)",
    ]
    assert "and 56 more\n" in _panel(
        infrastructure={"ip": {"distinct": 61, "top": ["a", "b", "c", "d", "e"]}}, verbosity=1
    )


def test_values_that_nobody_shares_are_only_counted() -> None:
    own = {"ip": {"distinct": 2_020, "top": [{"value": f"10.0.0.{i}", "accounts": 1, "requests": 9} for i in range(5)]}}
    lines = _panel(infrastructure=own).split("\n")
    assert lines[lines.index("Infrastructure") + 2] == "ip  2,020 values, one account each"
    assert "10.0.0.4" in _panel(infrastructure=own, verbosity=1)
    shared = {"ip": [{"value": "10.0.0.1", "accounts": 2}, {"value": "10.0.0.2", "accounts": 1}]}
    assert "10.0.0.2" in _panel(infrastructure=shared)
    assert "10.0.0.1" in _panel(infrastructure={"ip": [{"value": "10.0.0.1", "accounts": 1}]})


def test_facts_of_any_shape_are_shown() -> None:
    shown = _panel(capabilities={"input_tokens": 1_234, "x_y": [{"value": "v", "colour": "blue"}]}, infrastructure={})
    assert "input tokens  1,234" in shown
    assert re.search(r"x y +v +colour blue", shown)
    assert "Infrastructure" not in shown


def test_explanations_that_hold_come_first() -> None:
    lines = _panel().split("\n")
    at = lines.index("Innocent explanations")
    assert [line[:12].strip() for line in lines[at + 1 : at + 5]] == ["! holds", "? not tested", "✗ fails", "✗ fails"]
    assert "Innocent" not in _panel(benign_explanations=())


def test_account_lists_end_somewhere() -> None:
    ids = tuple(f"a{i}" for i in range(700))
    assert "accounts  a0, a1, a2, a3, a4, a5 and 694 more (-v)" in _panel(account_ids=ids)
    verbose = _panel(account_ids=ids, verbosity=1)
    assert "a499" in verbose
    assert "a500" not in verbose
    assert "and 200 more (--format json)" in " ".join(verbose.split())
    assert "accounts  a0\n" in _panel(account_ids=ids[:1])
    assert "details  distillscan render report.json --cluster 1 -v" in _panel(account_ids=())


def test_a_timeline_of_one_interval_is_not_drawn() -> None:
    assert "requests per day, most 5,600 on 2026-05-08" in _panel()
    assert "requests per" not in _panel(timeline=cluster().timeline[:1])


def test_unknown_labels_line_up() -> None:
    weights = (Weight("coordination", "prior", -10.0), Weight("extraction", "declared: " + "x" * 40, 3.0))
    lines = [
        line
        for line in _panel(weights=weights, evidence=()).split("\n")
        if line.startswith(("prior", "declared", "sum"))
    ]
    assert [line[:37].rstrip() for line in lines] == [
        f"{'prior':28}  −10.0",
        f"{'sum':28}  −10.0",
        f"declared: {'x' * 17}…   +3.0",
        f"{'sum':28}   +3.0",
    ]


# ---- the list of detectors ---- #


def test_the_listing_of_detectors() -> None:
    described: list[dict[str, Any]] = [
        {
            "name": "d\x1b",
            "version": "2",
            "family": "network",
            "needs": ["ip|asn", "model"],
            "summary": "what [it] does",
            "parameters": [
                {"name": "cap", "default": 4.0, "help": "bits"},
                {"name": "n", "default": 1_000, "help": ""},
            ],
        },
        {"name": "e", "version": "1", "family": "content", "needs": [], "summary": "s", "parameters": []},
    ]
    assert detector_listing(described, width=80).split("\n") == [
        r"d\x1b 2  network",
        "  what [it] does",
        "  needs ip | asn, model",
        "  cap      4  bits",
        "  n    1,000",
        "",
        "e 1  content",
        "  s",
        "  needs nothing",
        "",
        "A | B is either column. Change a parameter with --set DETECTOR.PARAMETER=VALUE.",
        "",
    ]
    assert "\x1b[1md" in detector_listing(described, width=80, color=True)
