"""Text from a log can neither act on a terminal nor hide from a reader."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from distillscan.sanitize import clip, json_safe, scalar, visible
from tests.support.hostile import HOSTILE

ANYTHING = st.text(st.characters(exclude_categories=()))
HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ünïcode, 漢字, emoji 😀", "plain text, ünïcode, 漢字, emoji 😀"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;t\x07", r"\x1b]0;t\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\tb\nc\rd", r"a\tb\nc\rd"),
        ("nul\x00del\x7f", r"nul\x00del\x7f"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("\u2066x\u2069\u200e\u200f\u061c", r"\u2066x\u2069\u200e\u200f\u061c"),
        ("zero\u200bwidth\ufeff\xad", r"zero\u200bwidth\ufeff\xad"),
        ("l\u2028p\u2029", r"l\u2028p\u2029"),
        ("\ud800 \udcff", r"\ud800 \udcff"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("filler\u3164\u115f", r"filler\u3164\u115f"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        (r"already \x1b", r"already \x1b"),
        ("e" + "\u0301" * 4, "e" + "\u0301" * 4),
        ("e" + "\u0301" * 200, "e" + "\u0301" * 4 + r"\u0301×196"),
    ],
)
def test_harmful_characters_become_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANYTHING)
def test_nothing_that_acts_survives_and_it_can_be_encoded(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    assert visible(shown) == shown
    shown.encode()


def test_every_character_of_a_harmful_category_is_covered() -> None:
    missed = {hex(p) for p in range(0x110000) if unicodedata.category(chr(p)) in HARMFUL and visible(chr(p)) == chr(p)}
    # Signs that Arabic, Syriac, Kaithi and Egyptian script write with: they show, and neither hide nor reorder.
    allowed = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
    assert missed <= {hex(p) for p in allowed}


@given(ANYTHING, st.integers(1, 60))
def test_a_cut_fits_its_width_and_says_that_it_is_one(text: str, width: int) -> None:
    cut = clip(text, width)
    assert cell_len(cut) <= width
    assert len(cut) <= width * 4 + 1
    assert cut == visible(text) or cut.endswith("…")


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("exactly ten", 11, "exactly ten"),
        ("exactly ten", 10, "exactly t…"),
        ("漢字漢字", 8, "漢字漢字"),
        ("漢字漢字", 7, "漢字漢…"),
        ("漢字漢字", 6, "漢字…"),
        ("\x1b\x1b", 5, r"\x1b…"),
        ("abc", 1, "…"),
    ],
)
def test_cuts_count_display_cells(text: str, width: int, cut: str) -> None:
    assert clip(text, width) == cut


@given(ANYTHING)
def test_json_safe_changes_the_bytes_and_not_the_document(text: str) -> None:
    document = {scalar(text): [scalar(text)]}
    safe = json_safe(json.dumps(document, ensure_ascii=False, indent=2))
    assert json.loads(safe) == document
    assert not [c for c in safe if c != "\n" and unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]


@pytest.mark.parametrize("text", HOSTILE)
def test_json_carries_hostile_text_whole(text: str) -> None:
    safe = json_safe(json.dumps(scalar(text), ensure_ascii=False))
    assert json.loads(safe) == scalar(text)
    assert "\x1b" not in safe
    assert "\u202e" not in safe
    assert "\x9b" not in safe


def test_a_lone_surrogate_becomes_text_that_every_json_parser_accepts() -> None:
    assert scalar("a\udcffb") == r"a\udcffb"
    assert scalar("😀") == "😀"


def test_an_astral_character_is_escaped_as_a_pair() -> None:
    assert json_safe('"\U000e0041"') == r'"\udb40\udc41"'
