"""Demands and templates in every language, said by campaigns and by the innocent alike."""

import re
from typing import get_args

import numpy as np
import polars as pl
import pytest

from distillscan.simulate import parse_scenario, simulate
from distillscan.simulate.grammar import LANGUAGES, load_grammar, load_rules
from distillscan.simulate.templates import (
    Goal,
    Tongue,
    private_templates,
    reasoning_instructions,
    symbol_name,
    wordings,
)

LETTERS = {"zh": r"\p{Han}", "ru": r"\p{Cyrillic}"}
#: Words of grammar that English does not have.
TELLING = {
    "es": r"\b(el|la|tu|con|una?)\b",
    "fr": r"\b(le|ton|tu|avec|une?)\b",
    "de": r"\b(der|die|das|du|ist|und)\b",
    "pt": r"\b(o|seu|você|com|uma?|não)\b",
}
GOALS = get_args(Goal)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def text(language: Tongue, goal: Goal, count: int = 40) -> pl.Series:
    made = wordings(rng(), goal, "last", count, 2, language)
    return pl.Series([template.before + template.after for template in made])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("goal", [goal for goal in GOALS if goal != "plain"])
def test_every_aim_can_be_said_in_every_language(language: Tongue, goal: Goal) -> None:
    said = text(language, goal)
    assert said.n_unique() >= 39
    assert not said.str.contains(r"[{}]|  ").any()
    for name, letters in LETTERS.items():
        assert said.str.contains(letters).all() == (name == language)
    if pattern := TELLING.get(language):
        assert said.str.contains(pattern).mean() > 0.9  # type: ignore[operator]


@pytest.mark.parametrize("language", LANGUAGES)
def test_three_hundred_wordings_of_a_template_and_of_a_demand_differ(language: Tongue) -> None:
    assert text(language, "reasoning", 300).n_unique() >= 297
    assert reasoning_instructions(rng(), 300, language).n_unique() >= 200


def test_mixed_wordings_take_all_languages_in_turn() -> None:
    made = wordings(rng(), "inline", "last", 70, 1, "mixed")
    said = pl.Series([template.before for template in made])
    assert said.n_unique() == 70
    assert [said.str.contains(letters).sum() for letters in LETTERS.values()] == [10, 10]
    assert said.head(7).str.contains(LETTERS["zh"]).sum() == 1
    assert reasoning_instructions(rng(), 14, "mixed").str.contains(LETTERS["ru"]).sum() == 2


def test_one_mixed_wording_is_in_any_language() -> None:
    source = rng()
    firsts = [wordings(source, "grading", "system", 1, 1, "mixed")[0].system or "" for _ in range(60)]
    chinese = pl.Series(firsts).str.contains(LETTERS["zh"]).sum()
    assert 2 <= chinese <= 20


def test_chinese_sentences_stand_side_by_side_without_spaces() -> None:
    assert not text("zh", "cleaning").str.contains(r"。 ").any()


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_unrelated_clients_ask_for_everything_a_campaign_asks_for(language: Tongue) -> None:
    """No sentence of a language is the campaigns' own: private clients of its countries use all of them."""
    clients = private_templates(rng(), 300, languages=[language] * 300, wide=True)
    innocent = " ".join(f"{one.before} {one.after} {one.system or ''}" for one in clients)
    asked = {
        (goal, max(re.split(r"\{\w+\}", rule), key=len).strip())
        for goal in GOALS
        if goal != "plain"
        for rule in load_rules()[symbol_name(language, f"goal_{goal}")]
    }
    found = {(goal, piece) for goal, piece in asked if piece in innocent}
    assert len(found) > 0.6 * len(asked)
    assert {goal for goal, _ in found} == {goal for goal, _ in asked}


def test_clients_ask_in_english_and_for_common_things_unless_told_otherwise() -> None:
    assert all(one.system is None or one.system.isascii() for one in private_templates(rng(), 50))


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_come_in_three_sizes_in_every_language(language: str) -> None:
    sizes = [
        load_grammar().expand(rng(), symbol_name(language, f"answer_{size}"), 300).str.len_bytes().sum()
        for size in "sml"
    ]
    assert sizes == sorted(sizes)
    assert sizes[2] > 4 * sizes[0]


def foreign(kind: str, language: str, *options: str) -> pl.Series:
    body = f"[[campaign]]\nkind = '{kind}'\nshare = 0.6\nlanguage = '{language}'\n" + "\n".join(options)
    made = simulate(parse_scenario("x", body), 800, 4)
    rows = made.log.join(made.labels.drop_nulls("campaign"), on="account_id", how="semi")
    return rows.select(pl.concat_str(pl.col("system_prompt", "prompt").fill_null(""), separator="\n")).to_series()


@pytest.mark.parametrize("kind", ["fanout_template", "grader", "release_pivot", "synchronised", "probing", "hydra"])
def test_campaigns_write_their_templates_in_the_language_asked_for(kind: str) -> None:
    said = foreign(kind, "zh", *(["harvested = 1.0"] if kind == "hydra" else []))
    assert said.str.contains(LETTERS["zh"]).all()
    assert said.str.contains(LETTERS["ru"]).sum() == 0


def test_an_instruction_is_in_its_language_whatever_is_asked() -> None:
    said = foreign("injected_instruction", "ru", "banned_after = 1.0", "position = 'prefix'")
    assert said.str.split("\n\n").list.first().str.contains(LETTERS["ru"]).all()


def test_mixed_campaigns_ask_in_several_languages() -> None:
    said = foreign("injected_instruction", "mixed", "position = 'prefix'", "paraphrase = 14", "reworded = 'request'")
    said = said.str.split("\n\n").list.first()
    assert all(0.08 < said.str.contains(letters).mean() < 0.2 for letters in LETTERS.values())  # type: ignore[operator]


@pytest.mark.parametrize("goal", ["refusal", "comparison", "agentic"])
def test_a_fan_out_can_keep_to_one_aim(goal: str) -> None:
    said = foreign("fanout_template", "en", f"goal = '{goal}'").str.to_lowercase()
    words = {
        "refusal": "declin|turned down|refusal",
        "comparison": "candidate|preferable|preference",
        "agentic": "tool|terminal|screenshot",
    }
    assert said.str.contains(words[goal]).all()


def test_background_clients_and_habits_can_speak_the_language_of_their_country() -> None:
    body = "[background]\nhabits = 1.0\nserver = 0.3\nnative = {}\nwide = true"
    plain, native = (simulate(parse_scenario("x", body.format(share)), 3_000, 2).log for share in ("0.0", "1.0"))
    assert plain["system_prompt"].str.contains(LETTERS["zh"]).sum() == 0
    assert native["system_prompt"].str.contains(LETTERS["zh"]).sum() > 10
    assert native["system_prompt"].str.contains(LETTERS["ru"]).sum() > 10
