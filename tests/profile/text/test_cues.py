"""How cues are written and found: the compiled loop against plain Python, and texts read as people read them."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distillscan.profile.text.automaton import CLASSES, SPECIAL, build
from distillscan.profile.text.cues import expand, groups_by_pattern, patterns
from distillscan.profile.text.hashes import texts_of
from distillscan.profile.text.rules import Denial, Matcher, Rule
from tests.support.reference import symbols_of

GROUPS = {
    "act": {"en": ["write {out|down}", "reveal*", "ré-écris"], "zh": ["写出"], "ru": ["Напиши"]},
    "thing": {"en": ["reasoning", "chain of thought", "thought"], "zh": ["推理"], "ko": ["추론 과정"]},
    "manner": {"en": ["full", "1 to 10", "1.5"], "ja": ["全文"]},
    "tag": {"en": ["<think*", "[cot]", "```"]},
    "not": {"en": ["not", "never"], "zh": ["不"]},
}
NAMES = (*GROUPS, "asked")
RULES = [
    Rule(("act", "thing"), 24, becomes="asked"),
    Rule(("asked",), 1, bits=0b1),
    Rule(("asked", "manner"), 30, bits=0b10),
    Rule(("tag", "thing", "manner"), 60, bits=0b100),
    Rule(("thing",), 1, bits=0b100000),
]
DENIAL = Denial("not", ("act",), 10)
PATTERNS = groups_by_pattern(GROUPS)
AUTOMATON = build(PATTERNS, NAMES)
MATCHER = Matcher(AUTOMATON, RULES, DENIAL)


def normalise(text: str) -> str:
    return bytes(symbol for symbol, _ in symbols_of(text)).decode()


def find(texts: Sequence[str | None], head: int = 1 << 20, tail: int = 1 << 20) -> list[int]:
    bits: list[int] = MATCHER.match(texts_of(pl.Series(texts, dtype=pl.String)), head, tail).tolist()
    return bits


def plainly(text: str) -> int:
    """What a matcher should find, without an automaton."""
    last: dict[str, int] = {}
    bits = 0
    for here, groups in hits(text):
        denied = here - last.get("not", -100) <= DENIAL.within
        fresh = [g for g in groups if not (denied and g in DENIAL.groups)]
        last |= dict.fromkeys(fresh, here)
        for name in fresh:
            for rule in RULES:
                if name not in rule.groups or any(here - last.get(g, -(10**9)) > rule.within for g in rule.groups):
                    continue
                if rule.bits:
                    bits |= rule.bits
                elif last.get(rule.becomes) != here:
                    last[rule.becomes] = here
                    fresh.append(rule.becomes)
    return bits


def hits(text: str) -> Iterator[tuple[int, list[str]]]:
    """Where cues end, and the groups of those that do."""
    symbols = symbols_of(text)
    read = bytes(symbol for symbol, _ in symbols)
    for end, (_, at) in enumerate(symbols, 1):
        groups = {g for cue, names in PATTERNS.items() if read[:end].endswith(cue) for g in names}
        if groups:
            yield at, sorted(groups, key=NAMES.index)


PIECES = [
    *(
        cue.removesuffix("*")
        for group in GROUPS.values()
        for listed in group.values()
        for c in listed
        for cue in expand(c)
    ),
    *" \n\t.,;:!?-_'\"()/<>[]{}+#`·…、。「」（）　\u00a0\u00ad\u200b\u2009—",
    *"aZ09éßЁжあ漢한ｗ１：😀ạÀ×्ᄀ\ufeff\ufffd\u0301",
    "WRITE  OUT",
    "write",
    "out",
    "推",
    "理",
    "1",
    "5",
    "thoughts",
]
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=24).map("".join), st.text(max_size=60))


@settings(max_examples=400)
@given(st.lists(TEXTS, max_size=6))
@example(["write out the reasoning in full", "<think>漢 字\u200b a漢\u00ad b", "1.5 x.5 1.x é.5", "推 理。推、理"])
def test_compiled_loop_equals_plain_python(texts: list[str]) -> None:
    assert find(texts) == [plainly(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", " "),
        ("Write OUT,\n\tthe  Reasoning!", " write out the reasoning "),
        ("step-by-step, chain_of_thought", " step by step chain of thought "),
        ("Überlegung: ¿qué? ÇÀ×Ÿ", " uberlegung que ca Ÿ "),
        ("e\u0301te\u0301 so\u00adft ze\u200bro", " ete soft zero "),
        ("ЁЛКА Ѓ Привет", " елка ѓ привет "),
        ("<think>[COT]{a}", " < think > [ cot ] { a } "),
        ("C++/C#```py", " c + + / c # ` ` ` py "),
        ("1.5, 10. 5 v2.0.1 .5", " 15 10 5 v201 5 "),
        ("ｗｒｉｔｅ：１～５＜a", " write 1 5 < a "),
        ("推 理\n过程。好 ok的", " 推理过程 好 ok 的 "),
        ("추론 과정을 AI로", " 추론과정을 ai 로 "),
        ("a😀b→c　d\ufeffe\ufffdf", " a b c de f "),
        ("của", " của "),
    ],
)
def test_texts_are_read_as_people_read_them(text: str, read: str) -> None:
    assert normalise(text) == read


def test_symbols_know_how_far_in_the_text_they_are() -> None:
    assert symbols_of("é, 漢a") == [
        (32, 0),
        (ord("e"), 2),
        (32, 3),
        *((byte, 7) for byte in "漢".encode()),
        (32, 7),
        (ord("a"), 8),
        (32, 8),
    ]


@pytest.mark.parametrize(
    ("cue", "symbols"),
    [
        ("Grade", b" grade "),
        ("grad*", b" grad"),
        ("<think*", b" < think"),
        ("思维链", "思维链".encode()),
        ("思维 CoT", "思维 cot ".encode()),
        ("AI推理", " ai 推理".encode()),
        ("rate the answer", b" rate the answer "),
    ],
)
def test_cues_end_with_their_word_unless_they_begin_one(cue: str, symbols: bytes) -> None:
    assert patterns([cue]) == [symbols]


@pytest.mark.parametrize("cue", ["", "*", "…", " - "])
def test_a_cue_of_nothing_is_refused(cue: str) -> None:
    with pytest.raises(ValueError, match="has neither letters nor marks"):
        patterns(["grade", cue])


def test_alternatives_are_written_in_braces() -> None:
    assert expand("a {b|c} {|d }e") == ["a b e", "a b d e", "a c e", "a c d e"]
    assert expand("plain") == ["plain"]


def test_a_cue_may_belong_to_several_groups() -> None:
    found = groups_by_pattern({"one": {"en": ["rate", "score"]}, "two": {"de": ["Rate"]}})
    assert found == {b" rate ": {"one", "two"}, b" score ": {"one"}}


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("Please write out the reasoning", 0b100001),
        ("reasoning, as you write it down", 0b100000),
        ("Write down\nyour FULL reasoning.", 0b100011),
        ("revealing the chain-of-thought", 0b100001),
        ("unrevealed reasoning", 0b100000),
        ("thoughtful", 0),
        ("do not write out your reasoning", 0b100000),
        ("not now; but later write out your reasoning", 0b100001),
        ("不写出推理", 0b100000),
        ("请写出推理", 0b100001),
        ("<thinking>full reasoning</thinking>", 0b100100),
        ("write out, when you have gone through it, the reasoning", 0b100000),
    ],
)
def test_rules_need_their_groups_close_together(text: str, bits: int) -> None:
    assert find([text]) == [bits]
    assert plainly(text) == bits


def test_distances_are_counted_in_bytes_of_the_text_up_to_the_end_of_each_cue() -> None:
    # "write out" is closed by the comma and "reasoning" by the point: 24 bytes are between them, then 25.
    assert find(["write out," + " " * 14 + "reasoning.", "write out," + " " * 15 + "reasoning."]) == [
        0b100001,
        0b100000,
    ]


def test_only_both_ends_of_a_long_text_are_looked_at_and_the_middle_keeps_them_apart() -> None:
    begin, end = "write out the ", " reasoning"
    assert find([begin + "x" * 4 + end], head=14, tail=10) == [0b100001]
    assert find([begin + "x" * 400 + end], head=14, tail=10) == [0b100000]
    assert find(["x" * 50 + "write out reasoning" + "x" * 50], head=20, tail=20) == [0]
    assert find(["写出推理" + "x" * 50], head=11, tail=3) == [0]  # a character that is cut is none
    assert find(["写出推理" + "x" * 50], head=12, tail=3) == [0b100001]


def test_nulls_and_empty_texts_have_nothing() -> None:
    assert find([None, "", "reasoning", None]) == [0, 0, 0b100000, 0]
    assert find([]) == []


def test_a_rule_about_a_group_without_cues_is_refused() -> None:
    with pytest.raises(ValueError, match="a rule needs the group 'ghost', which has no cues"):
        Matcher(AUTOMATON, [Rule(("act", "ghost"), 9, bits=0b1)], DENIAL)
    with pytest.raises(ValueError, match="a rule needs the group 'none', which has no cues"):
        Matcher(AUTOMATON, RULES, Denial("none", (), 9))


def test_more_cues_than_states_can_be_numbered_are_refused() -> None:
    many: Mapping[bytes, frozenset[str]] = {
        b" %08d " % (number * 4_999): frozenset({"act"}) for number in range(20_000)
    }
    with pytest.raises(ValueError, match=r"the cues need \d+ states; there may be 45535"):
        build(many, NAMES)


def test_the_work_does_not_depend_on_what_the_text_is() -> None:
    """The table has a step for every state and class: nothing is tried twice, no text is worse than another."""
    states = AUTOMATON.steps.size >> AUTOMATON.shift
    assert AUTOMATON.steps.size == states << AUTOMATON.shift
    assert int(AUTOMATON.steps.max()) < states
    assert AUTOMATON.groups.shape[0] == states - AUTOMATON.first_cue
    plain, classes = AUTOMATON.table[:CLASSES], AUTOMATON.table[CLASSES : 2 * CLASSES]
    assert set(np.unique(plain)) <= {*classes.tolist(), SPECIAL}
