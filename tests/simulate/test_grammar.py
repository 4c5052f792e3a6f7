import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.simulate import grammar as grammar_module
from distillscan.simulate.grammar import LANGUAGES, Grammar, Rules, compile_rules, draw_seeds, load_grammar, load_rules
from distillscan.simulate.text_kernel import write_texts

SMALL: Rules = {
    "colour": "red|grün|蓝",
    "thing": ["{colour} box", "{colour}{colour}", "plain"],
    "nested": ["({nested})", "x"],
    "empty": ["", "{colour}"],
}


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return compile_rules(SMALL)


def test_a_bank_gives_only_its_words_and_earlier_ones_more_often(grammar: Grammar) -> None:
    words = grammar.expand(np.random.default_rng(0), "colour", 3_000)
    counts = dict(words.value_counts().iter_rows())
    assert set(counts) == {"red", "grün", "蓝"}
    assert counts["red"] > counts["grün"] > counts["蓝"] > 700


def test_a_rule_is_written_out_with_its_banks(grammar: Grammar) -> None:
    colours = ("red", "grün", "蓝")
    expected = {"plain"} | {f"{a} box" for a in colours} | {a + b for a in colours for b in colours}
    assert set(grammar.expand(np.random.default_rng(1), "thing", 2_000)) == expected


def test_an_empty_alternative_gives_an_empty_text(grammar: Grammar) -> None:
    assert set(grammar.expand(np.random.default_rng(1), "empty", 200)) == {"", "red", "grün", "蓝"}


def test_no_rows_give_an_empty_column(grammar: Grammar) -> None:
    assert grammar.expand(np.random.default_rng(1), "thing", 0).to_list() == []


def test_a_rule_that_contains_itself_comes_to_an_end() -> None:
    endless = compile_rules({"loop": ["{stop}", "({loop})"], "stop": "."})
    texts = endless.expand(np.random.default_rng(2), "loop", 50_000)
    assert texts.str.contains(r"^\(*\.\)*$").all()
    assert texts.str.count_matches(r"\(").max() == 15


def test_an_undefined_symbol_is_an_error() -> None:
    with pytest.raises(KeyError, match="missing"):
        compile_rules({"rule": ["a {missing}"]})


@given(st.lists(st.integers(1, 2**31 - 3), min_size=1, max_size=30), st.sampled_from(sorted(SMALL)))
def test_a_text_follows_from_its_symbol_and_seed_alone(seeds: list[int], symbol: str) -> None:
    grammar = compile_rules(SMALL)
    symbols = np.full(len(seeds), grammar.symbols[symbol])
    together = grammar.write(symbols, np.array(seeds)).to_list()
    alone = [grammar.write(symbols[:1], np.array([seed])).item() for seed in seeds]
    assert together == alone


def test_compiled_loops_equal_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = compile_rules({**load_rules(), "deep": ["x", "{deep}.", "({deep})"]})
    rng = np.random.default_rng(3)
    names = ("code", "article", "zh_ask", "smalltalk", "deep")
    symbols = np.array([grammar.symbols[name] for name in names]).repeat(5)
    seeds = draw_seeds(rng, symbols.size)
    compiled = grammar.write(symbols, seeds)
    monkeypatch.setattr(grammar_module, "write_texts", write_texts.__wrapped__)
    assert grammar.write(symbols, seeds).to_list() == compiled.to_list()


def test_every_packaged_symbol_can_be_written() -> None:
    grammar = load_grammar()
    rng = np.random.default_rng(4)
    for name in grammar.symbols:
        texts = grammar.expand(rng, name, 3)
        assert not texts.str.contains(r"\{\w+\}").any(), name


def test_ordinary_questions_are_diverse_in_every_language() -> None:
    grammar = load_grammar()
    rng = np.random.default_rng(5)
    for language in LANGUAGES:
        symbol = "code" if language == "en" else f"{language}_ask"
        assert grammar.expand(rng, symbol, 2_000).n_unique() > 1_900, language


def test_languages_do_not_mix_their_words() -> None:
    chinese = load_grammar().expand(np.random.default_rng(6), "zh_ask", 500)
    russian = load_grammar().expand(np.random.default_rng(6), "ru_ask", 500)
    assert chinese.str.contains(r"\p{Han}").all()
    assert not chinese.str.contains(r"\p{Cyrillic}").any()
    assert russian.str.contains(r"\p{Cyrillic}").all()
    assert not russian.str.contains(r"\p{Han}").any()


def test_no_word_bank_repeats_a_word() -> None:
    repeated = {
        name: words
        for name, body in load_rules().items()
        if isinstance(body, str) and (words := pl.Series(body.split("|"))).n_unique() < len(words)
    }
    assert list(repeated) == []
