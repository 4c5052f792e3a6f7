"""A cluster as it stands in the report, figure by figure, on accounts few enough to count by hand."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from distillscan.detect.base import Candidate
from distillscan.detect.detectors.template_uniformity import TemplateUniformityDetector, TemplateUniformityParameters
from distillscan.population.accounts import Population
from distillscan.profile.text.hashes import hash_text
from distillscan.report.describe import cluster_templates, describe, exemplars, moment
from distillscan.report.skeleton import SLOT, skeleton
from distillscan.result import Axis, Cluster, Evidence, Explanation, Family, Template, Weight
from distillscan.score import ScoredCluster
from distillscan.score.combine import Probabilities
from distillscan.score.rank import cluster_ids, core_tokens
from tests.support.handmade import START, at
from tests.support.populations import graph_of, numbers_of, population_of, signal_graph, signals_of

WORDING = TemplateUniformityParameters(min_accounts=4, min_prompts=6, coverage=0.15)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (START, "2026-04-01T00:00:00Z"),
        (START + timedelta(microseconds=999_999), "2026-04-01T00:00:00Z"),
        (datetime(2026, 4, 1, 1, 30, tzinfo=timezone(timedelta(hours=2))), "2026-03-31T23:30:00Z"),
        (datetime(1970, 1, 1, tzinfo=UTC), "1970-01-01T00:00:00Z"),
    ],
)
def test_moments_are_utc_to_the_second(value: datetime | None, text: str) -> None:
    assert moment(value) == text


def piece(bits: float, family: Family = "content", axis: Axis = "coordination", summary: str = "said") -> Evidence:
    return Evidence("d", family, axis, bits, summary)


def scored(candidate: Candidate, *evidence: Evidence, requests: int | None = None) -> ScoredCluster:
    weights = (Weight("coordination", "prior", -10.0),)
    sums = Probabilities(weights, coordination=0.9, extraction=0.8, families=2)
    explanations = (Explanation("an event", "fails", "no venue"),)
    if requests is None:
        requests = int(candidate.population.requests[candidate.members].sum())
    return ScoredCluster("payment-00000000ab", candidate, evidence, sums, "medium", explanations, requests)


def bare(population: Population, prefix: str = "m") -> Candidate:
    return Candidate(numbers_of(population, prefix), signal_graph(population))


def described(rows: list[dict[str, Any]], *evidence: Evidence) -> Cluster:
    return describe(scored(bare(population_of(rows)), *evidence), 3, ())


ROWS: list[dict[str, Any]] = [
    {"account_id": "m-b", "timestamp": at(1), "model": "m1", "ip": "10.0.0.1", "input_tokens": 5, "output_tokens": 50},
    {"account_id": "m-b", "timestamp": at(1.5), "model": "m2", "ip": "10.0.0.1", "output_tokens": 7},
    {"account_id": "m-b", "timestamp": at(30), "model": None, "ip": "10.0.1.1"},
    {"account_id": "m-a", "timestamp": at(26), "model": "m1", "ip": "10.0.0.1", "country": "NL"},
    {"account_id": "x-1", "timestamp": at(0), "model": "m1", "ip": "10.0.0.1", "country": "NL", "output_tokens": 900},
    {"account_id": "x-2", "timestamp": at(99), "model": "m3", "ip": "10.0.2.1", "device_id": "d"},
]


class TestDescribe:
    def test_the_members_and_nobody_else_are_counted(self) -> None:
        cluster = described(ROWS)
        assert (cluster.rank, cluster.cluster_id, cluster.severity) == (3, "payment-00000000ab", "medium")
        assert (cluster.coordination, cluster.extraction, cluster.score) == (0.9, 0.8, 0.72)
        assert (cluster.accounts, cluster.account_ids, cluster.requests) == (2, ("m-a", "m-b"), 4)
        assert (cluster.first_seen, cluster.last_seen) == ("2026-04-01T01:00:00Z", "2026-04-02T06:00:00Z")
        assert cluster.weights == (Weight("coordination", "prior", -10.0),)
        assert cluster.benign_explanations == (Explanation("an event", "fails", "no venue"),)

    def test_the_timeline_has_a_line_for_every_day_with_requests(self) -> None:
        more = {"account_id": "m-a", "timestamp": at(24 * 4 - 0.01)}
        assert described([*ROWS, more]).timeline == (
            {"date": "2026-04-01", "requests": 2, "accounts": 1},
            {"date": "2026-04-02", "requests": 2, "accounts": 2},
            {"date": "2026-04-04", "requests": 1, "accounts": 1},
        )

    def test_models_are_named_by_use_and_tokens_summed(self) -> None:
        assert described(ROWS).capabilities == {
            "models": [
                {"model": "m1", "requests": 2, "share": 0.5},
                {"model": "(not stated)", "requests": 1, "share": 0.25},
                {"model": "m2", "requests": 1, "share": 0.25},
            ],
            "tasks": {},
            "input_tokens": 5,
            "output_tokens": 57,
        }

    def test_infrastructure_counts_members_and_the_others_on_the_same_values(self) -> None:
        assert described(ROWS).infrastructure == {
            "ip": {
                "distinct": 2,
                "top": [
                    {"value": "10.0.0.1", "accounts": 2, "requests": 3, "accounts_outside": 1},
                    {"value": "10.0.1.1", "accounts": 1, "requests": 1, "accounts_outside": 0},
                ],
            },
            "ip_prefix": {
                "distinct": 2,
                "top": [
                    {"value": "10.0.0.0/24", "accounts": 2, "requests": 3, "accounts_outside": 1},
                    {"value": "10.0.1.0/24", "accounts": 1, "requests": 1, "accounts_outside": 0},
                ],
            },
            "country": {
                "distinct": 1,
                "top": [{"value": "NL", "accounts": 1, "requests": 1, "accounts_outside": 1}],
            },
        }

    def test_the_eight_commonest_values_are_shown_ties_by_requests(self) -> None:
        rows = [{"account_id": f"m{k}", "device_id": f"d{k}"} for k in range(10) for _ in range(k + 1)]
        rows += [{"account_id": name, "device_id": "shared"} for name in ("m0", "m1")]
        device = described(rows).infrastructure["device"]
        assert device["distinct"] == 11
        assert [top["value"] for top in device["top"]] == ["shared", "d9", "d8", "d7", "d6", "d5", "d4", "d3"]
        assert [top["requests"] for top in device["top"]] == [2, 10, 9, 8, 7, 6, 5, 4]

    def test_what_is_private_is_not_shown(self) -> None:
        rows = [{"account_id": f"m{k}", "session_id": "s", "system_prompt": "rules", "org_id": "o"} for k in range(3)]
        assert described(rows).infrastructure == {}

    def test_evidence_comes_heaviest_first_for_or_against(self) -> None:
        one, two = piece(2.0, summary="b"), piece(2.0, summary="a")
        against, weak = piece(-3.0, "timing", "extraction"), piece(0.5)
        assert described(ROWS, weak, one, against, two).evidence == (against, two, one, weak)

    def test_templates_are_passed_on(self) -> None:
        template = Template("00", "say {...}", "prompt", 2, 1.0, 0)
        assert describe(scored(bare(population_of(ROWS))), 1, (template,)).templates == (template,)


class TestSummary:
    @pytest.mark.parametrize(
        ("evidence", "words"),
        [
            ((), "only weak evidence links them"),
            ((piece(0.99), piece(9.0, axis="extraction")), "only weak evidence links them"),
            ((piece(1.0, summary="one wording"),), "linked by content evidence: one wording"),
            (
                (piece(3.0, summary="less"), piece(5.0, summary="more"), piece(4.0, "identity", summary="cards")),
                "linked by content and identity evidence: more",
            ),
            (
                (piece(2.0, "network", summary="n"), piece(2.0, "content", summary="c"), piece(1.5, "identity")),
                "linked by content, identity and network evidence: n",
            ),
        ],
    )
    def test_the_families_and_the_strongest_reason(self, evidence: tuple[Evidence, ...], words: str) -> None:
        # Four requests: m-b is seen for 29 hours, m-a for a moment, which counts as a day: 4 / (29/24 + 1).
        assert described(ROWS, *evidence).summary == f"{words}; 1.81 requests per account per day"

    def test_large_figures_have_three_digits(self) -> None:
        rows = [{"account_id": "m", "timestamp": at(k / 100)} for k in range(300)]
        assert described(rows).summary == "only weak evidence links them; 300 requests per account per day"


RULES = "Begin with a plan, then solve it step by step in full detail, and end with a grade from one to ten."


def worded(places: dict[str, str], extra: int = 100) -> tuple[Population, Candidate]:
    """Accounts by name to the column that holds the wording; three texts each, and strangers with prompts of theirs."""
    rng = np.random.default_rng(11)

    def babble(words: int) -> str:
        return " ".join("".join(map(chr, rng.integers(97, 123, 7))) for _ in range(words))

    rows = [{"account_id": f"y{k}", "prompt": babble(20)} for k in range(extra)]
    rows += [{"account_id": name, column: f"{babble(8)}. {RULES}"} for name, column in places.items() for _ in range(3)]
    population = population_of(rows)
    graph = signal_graph(population, TemplateUniformityDetector().signals(population, WORDING))
    return population, Candidate(numbers_of(population, "m"), graph)


class TestTemplates:
    def test_a_template_says_who_uses_it_and_how_much(self) -> None:
        population, candidate = worded({**{f"m{k}": "prompt" for k in range(10)}, "x0": "prompt", "x1": "prompt"})
        ((kind, template),) = cluster_templates(scored(candidate), WORDING)
        (name,) = candidate.graph.tokens("template")
        assert kind == "template"
        assert template == Template(f"{int(name):016x}", SLOT, "prompt", 10, template.coverage, 2)
        texts = exemplars(scored(candidate), kind, template, WORDING)
        # Of each member the text with the smallest hash; of ten such texts the nine with the smallest.
        members = set(population.profile.accounts["account"][candidate.members.tolist()])
        smallest: dict[int, int] = {}
        for account, prompt in population.profile.prompts.select("account", "prompt").iter_rows():
            if account in members:
                smallest[account] = min(prompt, smallest.get(account, prompt))
        expected = sorted((prompt, account) for account, prompt in smallest.items())[:9]
        assert texts.select("raw", "account").rows() == expected

    @pytest.mark.parametrize("column", ["prompt", "system_prompt"])
    def test_what_it_makes_up_is_the_share_of_their_traffic(self, column: str) -> None:
        _, candidate = worded({f"m{k}": column for k in range(10)})
        ((_, template),) = cluster_templates(scored(candidate), WORDING)
        assert template.coverage == 1.0

    def test_a_system_prompt_in_every_request_makes_up_all(self) -> None:
        rows = [{"account_id": f"m{k}", "system_prompt": RULES} for k in range(10)]
        population = population_of([*rows, *({"account_id": f"y{k}"} for k in range(90))])
        graph = signal_graph(population, TemplateUniformityDetector().signals(population, WORDING))
        ((_, template),) = cluster_templates(scored(Candidate(numbers_of(population, "m"), graph)), WORDING)
        assert template.coverage == 1.0

    @pytest.mark.parametrize(("systems", "where"), [(5, "prompt"), (6, "system_prompt"), (10, "system_prompt")])
    def test_it_stands_where_most_members_have_it(self, systems: int, where: str) -> None:
        places = {f"m{k}": "system_prompt" if k < systems else "prompt" for k in range(10)}
        population, candidate = worded(places)
        ((kind, template),) = cluster_templates(scored(candidate), WORDING)
        assert (template.where, template.accounts) == (where, 10)
        texts = exemplars(scored(candidate), kind, template, WORDING)
        held = (
            population.profile.systems["system_prompt"]
            if where == "system_prompt"
            else population.profile.prompts["prompt"]
        )
        assert set(texts["raw"]) <= set(held)
        assert texts.height == min(9, systems if where == "system_prompt" else 10 - systems)

    def test_a_system_prompt_used_as_it_is_is_one_too(self) -> None:
        rows = [{"account_id": f"m{k}", "system_prompt": RULES} for k in range(10)]
        population = population_of([*rows, *({"account_id": f"y{k}"} for k in range(90))])
        graph = signal_graph(population, TemplateUniformityDetector().signals(population, WORDING))
        one = scored(Candidate(numbers_of(population, "m"), graph))
        ((kind, template),) = cluster_templates(one, WORDING)
        assert (kind, template.where, template.accounts) == ("system_template", "system_prompt", 10)
        texts = exemplars(one, kind, template, WORDING)
        assert texts["raw"].to_list() == [hash_text(RULES)] * 9

    def test_three_are_shown_the_commonest_first_ties_by_name(self) -> None:
        population = population_of([{"account_id": f"m{k}"} for k in range(500)])
        carried = {
            "template": {9: range(6), 4: range(8), 2: range(8), 3: range(5)},
            "system_template": {1: range(10)},
        }
        graph = signal_graph(population, signals_of(population, carried))
        found = cluster_templates(scored(Candidate(np.arange(10), graph)), WORDING)
        assert [(kind, t.template_id, t.accounts) for kind, t in found] == [
            ("system_template", f"{1:016x}", 10),
            ("template", f"{2:016x}", 8),
            ("template", f"{4:016x}", 8),
        ]

    def test_without_wording_there_is_none(self) -> None:
        assert cluster_templates(scored(bare(population_of(ROWS))), WORDING) == []


class TestNames:
    """Cluster ids from the tokens that hold members together."""

    def test_the_most_telling_kind_names_and_in_it_the_commonest_token(self) -> None:
        graph = graph_of(
            500,
            {
                "ip": {0xAA: range(10)},
                "payment": {7: range(6), 0xFFFF_0000_0000_0005: range(9), 3: range(9)},
                "email_domain": {8: range(10)},
            },
        )
        candidate = Candidate(np.arange(10), graph)
        first = int(graph.population.profile.accounts["account"][0]) & 0xFFFFFFFFFF
        assert core_tokens(candidate) == [
            "payment-0000000003",
            "ip-00000000aa",
            "email-domain-0000000008",
            f"accounts-{first:010x}",
        ]
        assert cluster_ids([candidate]) == ["payment-0000000003"]

    def test_a_token_of_few_members_names_nothing(self) -> None:
        def core(carriers: int) -> list[str]:
            graph = graph_of(2000, {"payment": {5: range(carriers), 6: range(2)}})
            return core_tokens(Candidate(np.arange(15), graph))[:-1]

        assert core(3) == core(15) == ["payment-0000000005"]
        assert core(2) == []

    def test_new_members_do_not_change_it(self) -> None:
        graph = graph_of(500, {"payment": {5: range(30)}, "ip": {6: range(12)}})
        few, many = (Candidate(np.arange(n), graph) for n in (12, 30))
        assert cluster_ids([few]) == cluster_ids([many]) == ["payment-0000000005"]

    def test_two_of_the_same_core_are_told_apart_by_what_they_do_not_share(self) -> None:
        graph = graph_of(
            900,
            {
                "template": {1: range(40)},
                "ip": {2: range(20), 3: range(20, 40)},
                "payment": {4: range(60, 70)},
            },
        )
        one, two, three = (Candidate(np.arange(first, last), graph) for first, last in ((0, 20), (20, 40), (60, 70)))
        apart = ["template-0000000001+ip-0000000002", "template-0000000001+ip-0000000003"]
        assert cluster_ids([one, two, three]) == [*apart, "payment-0000000004"]
        assert cluster_ids([three, two, one]) == ["payment-0000000004", *apart[::-1]]
        assert cluster_ids([one, three]) == ["template-0000000001", "payment-0000000004"]

    def test_if_all_is_shared_the_accounts_tell_them_apart(self) -> None:
        graph = graph_of(900, {"template": {1: range(40)}})
        candidates = [Candidate(np.arange(first, first + 20), graph) for first in (0, 20)]
        accounts = graph.population.profile.accounts["account"]
        assert cluster_ids(candidates) == [
            f"template-0000000001+accounts-{int(accounts[first]) & 0xFFFFFFFFFF:010x}" for first in (0, 20)
        ]
        assert cluster_ids([]) == []


class TestSkeletonEnds:
    def test_what_only_some_go_on_with_is_a_slot(self) -> None:
        whole = ["explain in ten words why"] + [
            f"explain in ten words why {w}" for w in ("rain", "bread", "dogs", "ice")
        ]
        assert skeleton(whole, 5) == f"explain in ten words why {SLOT}"
        assert skeleton(["explain in ten words why"] * 5, 5) == "explain in ten words why"

    def test_runs_of_two_words_are_chance(self) -> None:
        texts = [f"{a} now then {b}" for a, b in zip("abcde", "vwxyz", strict=True)]
        assert skeleton(texts, 5) == SLOT

    @pytest.mark.parametrize(
        ("ends", "shown"),
        [(["1", "2", "3", "4", "5"], "#"), (["pages", "Pages", "PAGES", "pages", "pages"], "pages")],
    )
    def test_a_last_word_that_differs_in_digits_or_case_is_no_slot(self, ends: list[str], shown: str) -> None:
        assert skeleton([f"count the sheep up to {end}" for end in ends], 5) == f"count the sheep up to {shown}"
