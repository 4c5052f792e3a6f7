import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distillscan.profile.text.hashes import Texts, hash_text, texts_of
from distillscan.profile.text.sketches import sketch
from tests.support import reference

WORDS = [
    "a",
    "the",
    "The",
    "write",
    "poem",
    "v2",
    "2026",
    "42",
    "é",
    "Жук",
    "你好",
    "世界",
    "—",
    "😀",
    "don’t",
    "\n",
    ",",
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=300).map(" ".join), st.binary(max_size=80))


def encode(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def laid(texts: list[bytes]) -> Texts:
    """Texts in memory, one after the other, whatever their bytes."""
    data = np.frombuffer(b"".join(texts) + b"\0", np.uint8)
    lengths = np.array([len(text) for text in texts], np.int64)
    return Texts(data.ctypes.data + np.cumsum(lengths) - lengths, lengths, lengths >= 0, data)


def sketches(texts: list[bytes]) -> list[tuple[int, int, list[int]]]:
    return sketch(laid(texts)).rows()


@given(st.lists(TEXTS.map(encode), min_size=1, max_size=12))
@example([b"\xe4", b"\xf0\x9f", b"\xe2\x80", b"\xe2", b"7", b"a\xe4\xbd\xa0b\xe5\xa5\xbd9\xe4"])
def test_hashes_and_sketches_are_those_of_plain_python(texts: list[bytes]) -> None:
    assert laid(texts).hashes().tolist() == [reference.hash_text(text) for text in texts]
    assert sketches(texts) == [reference.sketch_text(text) for text in texts]


LENGTHS = st.sampled_from([0, 1, 7, 8, 9, 60, 63, 64, 65, 71, 72, 200, 1000])


@given(st.lists(LENGTHS, max_size=40), st.binary(min_size=1, max_size=40))
def test_long_and_short_strings_in_any_order_are_hashed_alike(lengths: list[int], pattern: bytes) -> None:
    texts = [(pattern * length)[:length] for length in lengths]
    assert laid(texts).hashes().tolist() == [reference.hash_text(text) for text in texts]


PIECES = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b"\n", b"\r\n", b" ", b"\t", b". ", b".", b"! ", b"?\n", b"\xe3\x80\x82", b"\xe3\x80", b"\x82", b"word"]
    ),
)


@given(st.lists(st.lists(PIECES, max_size=30).map(b"".join), min_size=1, max_size=8), st.integers(1, 12))
def test_lines_are_found_as_plain_python_does(texts: list[bytes], shortest: int) -> None:
    expected = [(row, line) for row, text in enumerate(texts) for line in reference.lines_of(text, shortest)]
    rows, hashes = laid(texts).line_hashes(shortest)
    assert rows.tolist() == [row for row, _ in expected]
    assert hashes.tolist() == [reference.hash_text(line) for _, line in expected]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one line\n  another one \r\n\nshort\n", ["one line", "another one"]),
        ("It is so. Is it? See v1.2.3", ["It is so.", "See v1.2.3"]),
        ("因为如此。所以如此", ["因为如此。", "所以如此"]),
        ("seven b", []),
        ("eight by", ["eight by"]),
        ("", []),
    ],
)
def test_a_line_ends_at_a_break_or_with_a_sentence(text: str, lines: list[str]) -> None:
    rows, hashes = texts_of(pl.Series(["", text])).line_hashes(8)
    assert rows.tolist() == [1] * len(lines)
    assert hashes.tolist() == [hash_text(line) for line in lines]


WORD = st.text("abcdefghij", min_size=1, max_size=3)


@given(st.lists(WORD, min_size=1, max_size=40), st.integers(1, 60), st.booleans())
def test_long_and_repetitive_texts_are_sketched_as_plain_python_does(
    words: list[str], times: int, numbered: bool
) -> None:
    text = " ".join(word + (chr(97 + k % 26) * (k % 7) if numbered else "") for k, word in enumerate(words * times))
    assert sketches([text.encode()]) == [reference.sketch_text(text.encode())]


def test_a_text_of_megabytes_is_sketched() -> None:
    rng = np.random.default_rng(2)
    text = b" ".join(rng.choice([b"alpha", b"beta", b"gamma", b"\xe4\xbd\xa0", b"42", b"\xe2\x80\x94"], 250_000))
    texts = [b"", text, b"one two three four"]
    assert sketches(texts) == [reference.sketch_text(text) for text in texts]


def test_hashes_are_pinned_so_that_profiles_of_different_versions_can_be_merged() -> None:
    assert laid([b"", b"abc", b"acct_00000001"]).hashes().tolist() == [
        5388436154510691893,
        11094012742847461102,
        14721375224996295873,
    ]


def sketch_plainly(text: str) -> tuple[int, int, set[int]]:
    normal, tokens, kept = reference.sketch_text(text.encode())
    return normal, tokens, set(kept)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Summarise report 12 of 2026, please!", "summarise REPORT 9 of 1999 -- please"),
        ("a  b\tc\nd", "A b, c; d."),
        ("“quoted” text—dashed here", "quoted text dashed here"),
    ],
)
def test_case_digits_white_space_and_punctuation_do_not_matter(left: str, right: str) -> None:
    assert sketch_plainly(left) == sketch_plainly(right)


def test_text_without_spaces_is_shingled() -> None:
    template = "请把下面的文章逐句翻译成英文并解释每一步推理过程"
    one, two = sketch_plainly(template + "猫在屋顶上睡觉"), sketch_plainly(template + "明天的会议改到下午三点")
    assert len(one[2] & two[2]) >= 4


@pytest.mark.parametrize("place", ["front", "middle", "end"])
def test_an_instruction_inside_a_long_private_text_leaves_shared_shingles(place: str) -> None:
    rng = np.random.default_rng(5)
    instruction = " ".join(f"rule{chr(97 + k)}{chr(97 + k * 7 % 26)}" for k in range(60))

    def private(words: int) -> str:
        return " ".join("".join(map(chr, rng.integers(97, 123, 7))) for _ in range(words))

    def prompt() -> str:
        front, end = {"front": (0, 600), "middle": (300, 300), "end": (600, 0)}[place]
        return f"{private(front)} {instruction} {private(end)}"

    shared = set.intersection(*(sketch_plainly(prompt())[2] for _ in range(6)))
    assert len(shared) >= 2
