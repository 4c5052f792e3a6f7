"""Templates from sketches: small ones worked out by hand, planted ones found wherever their slot is."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.detect import templates
from distillscan.detect.detectors.template_uniformity import TemplateUniformityParameters
from distillscan.detect.detectors.template_uniformity import mined as mined_in
from distillscan.detect.templates import MinedTemplates, mine
from distillscan.population.accounts import Population
from tests.support.populations import population_of

P = TemplateUniformityParameters()
#: Thresholds that a handful of texts can meet.
LOW = replace(P, min_accounts=2, min_prompts=3)

Texts = Mapping[int, Sequence[int]]
Holders = Sequence[tuple[int, int]]


def mined(texts: Texts, holders: Holders | None = None, p: TemplateUniformityParameters = LOW) -> MinedTemplates:
    """Templates of texts (number to sketch); every text has an account of its own unless holders say otherwise."""
    frame = pl.DataFrame(
        {"text": list(texts), "sketch": [sorted(s) for s in texts.values()]},
        schema={"text": pl.UInt64, "sketch": pl.List(pl.UInt64)},
    )
    pairs = holders if holders is not None else [(100 + text, text) for text in texts]
    held = pl.DataFrame(pairs, schema={"account": pl.UInt64, "text": pl.UInt64}, orient="row")
    return mine(frame, held.with_columns(pl.lit("prompt").alias("where")), p.min_accounts, p.min_prompts)


def shingles(found: MinedTemplates) -> dict[int, list[int]]:
    out: dict[int, list[int]] = {}
    for template, shingle in sorted(found.shingles.iter_rows()):
        out.setdefault(template, []).append(shingle)
    return out


def matches(found: MinedTemplates) -> list[tuple[int, int]]:
    return sorted(found.matches.select("template", "text").iter_rows())


def uses(found: MinedTemplates) -> list[tuple[int, int, int, float]]:
    return sorted(found.uses.select("account", "template", "texts", "coverage").iter_rows())


#: Three texts built on shingles 10 and 11, three on 20 and 21, each with one of its own.
TWO: Texts = {1: [10, 11, 901], 2: [10, 11, 902], 3: [10, 11, 903], 4: [20, 21, 904], 5: [20, 21, 905], 6: [20, 21]}


class TestByHand:
    def test_shingles_that_travel_together_are_a_template_named_by_its_smallest(self) -> None:
        found = mined(TWO)
        assert shingles(found) == {10: [10, 11], 20: [20, 21]}
        assert matches(found) == [(10, 1), (10, 2), (10, 3), (20, 4), (20, 5), (20, 6)]
        assert uses(found) == [(100 + text, 10 if text <= 3 else 20, 1, 1.0) for text in range(1, 7)]

    def test_coverage_is_the_share_of_the_accounts_sampled_texts(self) -> None:
        holders = [(7, 1), (7, 2), (7, 4), (8, 3), (8, 5), (8, 6), (8, 1), (9, 50)]
        found = mined({**TWO, 50: [999]}, holders)
        assert uses(found) == [(7, 10, 2, 2 / 3), (7, 20, 1, 1 / 3), (8, 10, 2, 0.5), (8, 20, 2, 0.5)]

    def test_prompts_and_system_prompts_of_an_account_are_counted_apart(self) -> None:
        texts = pl.DataFrame({"text": [1, 2, 3], "sketch": [[10, 11]] * 3}).cast(
            {"text": pl.UInt64, "sketch": pl.List(pl.UInt64)}
        )
        rows = [(7, 1, "prompt"), (7, 9, "prompt"), (7, 2, "system_prompt"), (8, 3, "system_prompt")]
        holders = pl.DataFrame(rows, schema={"account": pl.UInt64, "text": pl.UInt64, "where": pl.String}, orient="row")
        found = mine(texts, holders, 2, 3).uses.select("account", "where", "template", "texts", "coverage")
        assert sorted(found.iter_rows()) == [
            (7, "prompt", 10, 1, 0.5),
            (7, "system_prompt", 10, 1, 1.0),
            (8, "system_prompt", 10, 1, 1.0),
        ]

    def test_too_few_prompts(self) -> None:
        assert shingles(mined(TWO, p=replace(LOW, min_prompts=4))) == {}
        assert shingles(mined({**TWO, 7: [10, 11]}, p=replace(LOW, min_prompts=4))) == {10: [10, 11]}

    def test_too_few_accounts_however_many_prompts(self) -> None:
        alone = [(7, text) for text in range(1, 4)] + [(100 + text, text) for text in range(4, 7)]
        assert shingles(mined(TWO, alone)) == {20: [20, 21]}

    def test_a_single_shingle_is_a_phrase_and_no_template(self) -> None:
        texts = {text: [10, 900 + text] for text in range(1, 9)}
        assert shingles(mined(texts)) == {}
        assert matches(mined(texts)) == []

    @pytest.mark.parametrize(("commoner", "expected"), [(20, {10: [10, 11]}), (21, {})])
    def test_how_often_two_shingles_must_meet_is_counted_on_the_commoner_one(
        self, commoner: int, expected: dict[int, list[int]]
    ) -> None:
        # Shingle 11 is in seven of the texts of 10: a share of 0.35 of twenty.
        texts = {text: [10, 11] if text < 7 else [10] for text in range(commoner)}
        assert shingles(mined(texts)) == expected

    def test_a_chain_of_shingles_is_one_template(self) -> None:
        texts: Texts = {1: [10, 11], 2: [10, 11], 3: [10, 11, 12], 4: [11, 12], 5: [11, 12]}
        # 10 and 11 meet in three of 11's five texts, 11 and 12 as well; 10 and 12 in one of three, which is too few.
        assert shingles(mined(texts)) == {10: [10, 11, 12]}

    def test_a_text_needs_two_shingles_or_a_share_of_what_is_usual(self) -> None:
        whole = list(range(10, 22))
        texts: dict[int, Sequence[int]] = dict.fromkeys(range(1, 8), whole)
        texts |= {8: whole[:3], 9: whole[:2], 10: whole[:1]}
        # Twelve are usual: a quarter of them is three, and two would do if that were more.
        assert [text for _, text in matches(mined(texts))] == [1, 2, 3, 4, 5, 6, 7, 8]
        short = {text: sketch[:4] for text, sketch in texts.items()}
        assert [text for _, text in matches(mined(short))] == [1, 2, 3, 4, 5, 6, 7, 8, 9]

    def test_shingles_are_compared_on_the_prompts_with_the_smallest_hash(self) -> None:
        # 10 and 11 are together in the 64 smallest texts of each and never after: what is compared is a sample.
        texts: dict[int, Sequence[int]] = {text: [10, 11] for text in range(1, 65)}
        texts |= {text: [10] for text in range(100, 300)}
        texts |= {text: [11] for text in range(300, 500)}
        assert shingles(mined(texts)) == {10: [10, 11]}
        assert len(matches(mined(texts))) == 64

    def test_nothing_in_nothing_out(self) -> None:
        for found in (mined({}), mined({1: [], 2: [], 3: []}), mined({1: [1, 2], 2: [3, 4]})):
            assert (found.shingles.height, found.matches.height, found.uses.height) == (0, 0, 0)
        full = mined(TWO)
        assert found.shingles.schema == full.shingles.schema
        assert found.matches.schema == full.matches.schema
        assert found.uses.schema == full.uses.schema


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[int, list[int]], list[tuple[int, int]]]:
    # Blocks of shingles that travel together, and loose ones.
    long = tuple(range(20, 32))
    parts = st.sampled_from([(1, 2), (3, 4, 5), (6, 7), long, long[:4], long[:3], long[:2]])
    blocks = st.sets(parts, max_size=2).map(lambda b: {s for k in b for s in k})
    sketch = st.builds(lambda block, loose: sorted(block | loose), blocks, st.sets(st.integers(1, 9), max_size=1))
    texts = draw(st.dictionaries(st.integers(1, 40), sketch, min_size=10, max_size=20))
    holders = draw(
        st.lists(st.tuples(st.integers(1, 9), st.sampled_from(sorted(texts))), unique=True, min_size=20, max_size=60)
    )
    return texts, holders


def plainly(texts: Texts, holders: Holders) -> tuple[dict[int, list[int]], list[tuple[int, int]]]:
    """Templates and their matches by the definition, with sets and dicts."""
    having = {
        s: sorted(t for t, sketch in texts.items() if s in sketch) for s in {s for k in texts.values() for s in k}
    }
    accounts = {s: {account for account, text in holders if text in texts} for s, texts in having.items()}
    kept = [s for s, h in having.items() if len(h) >= LOW.min_prompts and len(accounts[s]) >= LOW.min_accounts]
    compared = {s: set(having[s][: templates._COMPARED]) for s in kept}
    parts = {s: {s} for s in kept}
    for one, other in itertools.combinations(kept, 2):
        a, b = compared[one], compared[other]
        if len(a & b) >= templates._TOGETHER * max(len(a), len(b)):
            joined = parts[one] | parts[other]
            parts |= dict.fromkeys(joined, joined)
    made = {min(part): sorted(part) for part in parts.values() if len(part) > 1}
    counts = {(name, text): len({*part} & {*sketch}) for name, part in made.items() for text, sketch in texts.items()}
    usual = {name: median(k for (n, _), k in counts.items() if n == name and k) for name in made}
    least = {name: max(2, templates._MATCH_SHARE * typical) for name, typical in usual.items()}
    return made, sorted(pair for pair, count in counts.items() if count >= least[pair[0]])


class TestInvariants:
    @given(worlds(), st.integers(2, 5))
    def test_they_are_what_the_definition_says(
        self, world: tuple[dict[int, list[int]], list[tuple[int, int]]], compared: int
    ) -> None:
        with mock.patch.object(templates, "_COMPARED", compared):
            found = mined(*world)
            assert (shingles(found), matches(found)) == plainly(*world)

    @given(worlds(), st.randoms(use_true_random=False))
    def test_the_order_of_texts_and_holders_does_not_matter(
        self, world: tuple[dict[int, list[int]], list[tuple[int, int]]], shuffle: Any
    ) -> None:
        texts, holders = world
        turned, mixed = list(texts.items()), list(holders)
        shuffle.shuffle(turned)
        shuffle.shuffle(mixed)
        once, again = mined(texts, holders), mined(dict(turned), mixed)
        assert shingles(once) == shingles(again)
        assert matches(once) == matches(again)
        assert uses(once) == uses(again)

    @given(worlds())
    def test_templates_are_disjoint_and_what_they_say_of_texts_and_accounts_agrees(
        self, world: tuple[dict[int, list[int]], list[tuple[int, int]]]
    ) -> None:
        texts, holders = world
        found = mined(texts, holders)
        parts = shingles(found)
        everything = [s for part in parts.values() for s in part]
        assert len(everything) == len(set(everything))
        assert all(name == min(part) and len(part) >= 2 for name, part in parts.items())
        for shingle in everything:
            having = [text for text, sketch in texts.items() if shingle in sketch]
            assert len(having) >= LOW.min_prompts
            assert len({account for account, text in holders if text in having}) >= LOW.min_accounts
        for template, text in matches(found):
            assert len(set(parts[template]) & set(texts[text])) >= 2
        expected = sorted(
            (account, template, count, count / len([1 for a, _ in holders if a == account]))
            for account in {a for a, _ in holders}
            for template in parts
            if (count := len([1 for a, text in holders if a == account and (template, text) in set(matches(found))]))
        )
        assert uses(found) == expected


TASK = "weigh the pros and cons, think aloud in numbered steps, then grade your own reply from one to ten"


def babble(rng: random.Random, words: int) -> str:
    return " ".join("".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(words))


def prompted(rng: random.Random, planted: dict[str, str]) -> Population:
    """Forty accounts that write what comes to their mind, ten of each planted template (``{}`` is the slot)."""
    rows = [{"account_id": f"home-{k}", "prompt": babble(rng, 30)} for k in range(40) for _ in range(6)]
    rows += [
        {"account_id": f"{name}-{k}", "prompt": template.replace("{}", babble(rng, 12))}
        for name, template in planted.items()
        for k in range(10)
        for _ in range(6)
    ]
    rng.shuffle(rows)
    return population_of(rows)


def in_prompts(population: Population) -> MinedTemplates:
    return mined_in(population, "template", P)


def users(population: Population, found: MinedTemplates) -> dict[int, set[str]]:
    """Template to the first part of the names of the accounts that use it for most of what they send."""
    names = dict(population.profile.accounts.select("account", "account_id").iter_rows())
    out: dict[int, set[str]] = {}
    for account, template, _, coverage in uses(found):
        if coverage > 0.5:
            out.setdefault(template, set()).add(names[account])
    return out


class TestPlanted:
    @pytest.mark.parametrize(
        "template",
        [f"{{}} {TASK}", f"{TASK}: {{}}", f"{{}} {TASK} {{}}", f"weigh {{}} against this. {TASK}, please. {{}}"],
        ids=["slot first", "suffix slot", "in the middle", "two slots"],
    )
    def test_a_skeleton_is_found_wherever_its_slot_is(self, template: str) -> None:
        population = prompted(random.Random(3), {"camp": template})
        found = in_prompts(population)
        assert len(shingles(found)) == 1
        assert list(users(population, found).values()) == [{f"camp-{k}" for k in range(10)}]
        assert {texts for _, _, texts, _ in uses(found)} == {6}

    def test_case_digits_and_punctuation_do_not_hide_it(self) -> None:
        rng = random.Random(4)
        forms = [TASK, TASK.upper(), TASK.replace(",", " --"), f"{TASK.title()}!"]
        rows = [
            {"account_id": f"camp-{k}", "prompt": f"case {rng.randint(0, 999)}: {forms[k % 4]} {babble(rng, 9)}"}
            for k in range(12)
            for _ in range(3)
        ]
        population = population_of(rows)
        assert list(users(population, in_prompts(population)).values()) == [{f"camp-{k}" for k in range(12)}]

    def test_an_instruction_may_stand_in_either_place(self) -> None:
        rng = random.Random(9)
        rows: list[dict[str, Any]] = [{"account_id": f"home-{k}", "prompt": babble(rng, 30)} for k in range(40)]
        for k in range(16):
            column = "prompt" if k < 8 else "system_prompt"
            rows += [{"account_id": f"camp-{k:02d}", column: f"{babble(rng, 9)} {TASK}"} for _ in range(4)]
        population = population_of(rows)
        found = in_prompts(population)
        assert list(users(population, found).values()) == [{f"camp-{k:02d}" for k in range(16)}]
        assert sorted(found.uses["where"]) == ["prompt"] * 8 + ["system_prompt"] * 8

    def test_two_skeletons_are_two_templates(self) -> None:
        other = "translate the following clause into plain words and quote the passages that you relied upon: {}"
        population = prompted(random.Random(5), {"one": f"{{}} {TASK}", "two": other})
        found = users(population, in_prompts(population))
        assert sorted(found.values(), key=sorted) == [{f"{name}-{k}" for k in range(10)} for name in ("one", "two")]

    def test_a_text_that_is_merely_repeated_is_no_skeleton(self) -> None:
        # A viral prompt: word for word the same on thirty accounts, which is one distinct text.
        rng = random.Random(6)
        rows = [{"account_id": f"a{k}", "prompt": f"{TASK} and begin now"} for k in range(30)]
        rows += [{"account_id": f"a{k}", "prompt": babble(rng, 30)} for k in range(30)]
        assert shingles(in_prompts(population_of(rows))) == {}

    def test_ordinary_prompts_have_none(self) -> None:
        assert shingles(in_prompts(prompted(random.Random(7), {}))) == {}

    def test_one_busy_account_makes_no_template_alone(self) -> None:
        rng = random.Random(8)
        rows = [{"account_id": "busy", "prompt": f"{babble(rng, 12)} {TASK}"} for _ in range(40)]
        rows += [{"account_id": f"a{k}", "prompt": babble(rng, 30)} for k in range(30)]
        assert shingles(in_prompts(population_of(rows))) == {}
