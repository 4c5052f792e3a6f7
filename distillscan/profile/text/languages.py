"""The language of a text, told by its script and commonest words: a number for counting how many an account speaks."""

from functools import cache
from typing import Final

import numpy as np
import polars as pl

from distillscan.profile import kernels
from distillscan.profile.kernels.arrays import I32, I64, U8
from distillscan.profile.text import cues
from distillscan.profile.text.hashes import Texts, texts_of

_TOLD: Final = cues.read_toml("languages.toml")

#: Languages in the order of their numbers; the first stands for a text of which it cannot be told.
LANGUAGES: Final = ("", *_TOLD["order"])

#: Bytes at the end of a text that are looked at: conversations are flattened oldest turn first, so these are what the
#: account's user wrote last.
TAIL: Final = 600

#: Kinds of character: what is in no script, Latin letters, the letters of scripts that stand for one language (Chinese
#: characters and kana for two), then those that only one language of a script has.
_OTHER, _LATIN = 0, 1
_SCRIPTS: Final = ("zh", "ja", "ko", "ru", "ar", "hi", "th", "el", "he")
_CHINESE, _KANA, _KOREAN, _CYRILLIC, _ARABIC, _DEVANAGARI, _THAI, _GREEK, _HEBREW = range(2, 11)
_UKRAINIAN, _NOT_UKRAINIAN, _PERSIAN = range(11, 14)
#: What a character says next to a Latin letter: ideographs and syllables stand for more of a word.
_WEIGHTS: Final = np.array([3, 3, 3, 1, 1, 1, 1, 1, 1])

_RANGES: Final = (
    (_LATIN, 0xC0, 0x27F), (_GREEK, 0x380, 0x3FF), (_CYRILLIC, 0x400, 0x4FF), (_HEBREW, 0x590, 0x5FF),
    (_ARABIC, 0x600, 0x6FF), (_DEVANAGARI, 0x900, 0x97F), (_THAI, 0xE00, 0xE7F), (_LATIN, 0x1E00, 0x1EFF),
    (_KANA, 0x3040, 0x30FF), (_CHINESE, 0x3400, 0x9FFF), (_KOREAN, 0xAC00, 0xD7FF),
)  # fmt: skip
_LETTERS: Final = {_UKRAINIAN: "єіїЄІЇ", _NOT_UKRAINIAN: "ёъыэ", _PERSIAN: "پیچژکگ"}


def _character_kinds() -> U8:
    """The kind of each character up to U+FFFF."""
    kinds = np.full(0x10000, _OTHER, np.uint8)
    for kind, first, last in _RANGES:
        kinds[first : last + 1] = kind
    for kind, letters in _LETTERS.items():
        kinds[[ord(letter) for letter in letters]] = kind
    kinds[[byte for byte in range(0x80) if chr(byte).isalpha()]] = _LATIN
    return kinds


@cache
def _tables() -> tuple[U8, cues.Automaton, I64, I64]:
    """The kinds of characters, the automaton of short words, the language of each of its groups and of each script."""
    words = _TOLD["words"]
    patterns = cues.groups_by_pattern({language: {language: listed} for language, listed in words.items()})
    spoken = np.array([LANGUAGES.index(language) for language in words])
    scripts = np.array([LANGUAGES.index(language) for language in _SCRIPTS])
    return _character_kinds(), cues.build(patterns, tuple(words)), spoken, scripts


def languages_of(texts: pl.Series) -> pl.Series:
    """Return the number of every text's language in ``LANGUAGES`` (UInt8), 0 where it is null or cannot be told.

    Only the end of a text is judged. Close languages are not told apart (Danish and Norwegian are one), program code
    passes for English, and a few words without any common one among them for nothing: good enough to count how many
    languages an account speaks, and for nothing else.
    """
    kinds, automaton, spoken, scripts = _tables()
    found = texts_of(texts)
    characters = np.zeros((len(found), kinds.max() + 1), np.int32)
    kernels.count_scripts(found.addresses, found.lengths, TAIL, kinds, characters)
    languages = np.zeros(len(found), np.uint8)
    foreign = np.flatnonzero(characters.any(axis=1))  # the others are all ASCII
    languages[foreign] = _by_script(characters[foreign], scripts)
    latin = np.ones(len(found), np.bool_)
    latin[foreign] = (languages[foreign] == 0) & (characters[foreign, _LATIN] > 0)
    rows = np.flatnonzero(latin)
    languages[rows] = _by_words(found.take(rows), automaton, spoken)
    return pl.Series(texts.name, languages, dtype=pl.UInt8)


def _by_script(characters: I32, scripts: I64) -> I64:
    """The language of texts by how many characters of each kind they have, 0 if they are in Latin letters or none."""
    ukrainian = characters[:, _UKRAINIAN] - characters[:, _NOT_UKRAINIAN]
    counts = characters[:, _CHINESE : _HEBREW + 1].copy()
    letters = dict(zip(_SCRIPTS, range(len(_SCRIPTS)), strict=True))
    counts[:, letters["ru"]] += characters[:, _UKRAINIAN] + characters[:, _NOT_UKRAINIAN]
    counts[:, letters["ar"]] += characters[:, _PERSIAN]
    best = (counts * _WEIGHTS).argmax(axis=1)
    most = counts[np.arange(best.size), best]
    languages: I64 = scripts[best]
    # Kana among Chinese characters are Japanese, unless a few of them are quoted.
    kana = (characters[:, _KANA] >= 2) & (4 * characters[:, _KANA] >= characters[:, _CHINESE])
    chinese = np.isin(best, (letters["zh"], letters["ja"]))
    languages[chinese] = np.where(kana, scripts[letters["ja"]], scripts[letters["zh"]])[chinese]
    languages[(best == letters["ru"]) & (ukrainian >= 2)] = LANGUAGES.index("uk")
    languages[(best == letters["ar"]) & (characters[:, _PERSIAN] >= 2)] = LANGUAGES.index("fa")
    # A question about pasted code or a foreign text is in the language of the question, if enough of it is there.
    languages[(most < 2) | (2 * most * _WEIGHTS[best] < characters[:, _LATIN])] = 0
    return languages


def _by_words(texts: Texts, automaton: cues.Automaton, spoken: I64) -> I64:
    """The language of texts by their commonest words, 0 if it cannot be told."""
    words = np.zeros((len(texts), spoken.size), np.int32)
    for found in automaton.find(texts, 0, TAIL):
        kernels.count_groups(found.first, found.stop, found.ends, found.cues, automaton.groups, words)
    best = words.argmax(axis=1)
    most = words[np.arange(best.size), best]
    # Two words at least, and more than any other language has: names and titles are in many languages.
    second = np.partition(words, -2, axis=1)[:, -2]
    languages: I64 = np.where((most >= 2) & (most > second), spoken[best], 0)
    return languages
