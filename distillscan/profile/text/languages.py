"""The language of a text, told by its script and commonest words: a number for counting how many an account speaks."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from distillscan.compiled import I32, I64, U8, byte_at, kernel, word_at
from distillscan.profile.text.automaton import REPLACEMENT, Automaton, build
from distillscan.profile.text.cues import groups_by_pattern, read_toml
from distillscan.profile.text.hashes import Texts

_TOLD: Final = read_toml("languages.toml")

#: Languages in the order of their numbers; the first stands for a text of which it cannot be told.
LANGUAGES: Final = ("", *_TOLD["order"])

#: Bytes at the end of a text that are looked at: conversations are flattened oldest turn first, so these are what the
#: account's user wrote last.
TAIL: Final = 600

#: Kinds of character: what is in no script, Latin letters, the letters of scripts that stand for one language (Chinese
#: characters and kana for two), then those that only one language of a script has.
_OTHER, _LATIN = 0, 1
_CHINESE, _KANA, _KOREAN, _CYRILLIC, _ARABIC, _DEVANAGARI, _THAI, _GREEK, _HEBREW = range(2, 11)
_UKRAINIAN, _NOT_UKRAINIAN, _PERSIAN = range(11, 14)
#: The language of a script, by kind, and what a character of it says next to a Latin letter: ideographs and syllables
#: stand for more of a word.
_SCRIPTS: Final = ("", "", "zh", "ja", "ko", "ru", "ar", "hi", "th", "el", "he", "", "", "")
_WEIGHTS: Final = np.array([0, 0, 3, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0, 0])

_RANGES: Final = (
    (_LATIN, 0xC0, 0x27F), (_GREEK, 0x380, 0x3FF), (_CYRILLIC, 0x400, 0x4FF), (_HEBREW, 0x590, 0x5FF),
    (_ARABIC, 0x600, 0x6FF), (_DEVANAGARI, 0x900, 0x97F), (_THAI, 0xE00, 0xE7F), (_LATIN, 0x1E00, 0x1EFF),
    (_KANA, 0x3040, 0x30FF), (_CHINESE, 0x3400, 0x9FFF), (_KOREAN, 0xAC00, 0xD7FF),
)  # fmt: skip
_LETTERS: Final = {_UKRAINIAN: "єіїЄІЇ", _NOT_UKRAINIAN: "ёъыэ", _PERSIAN: "پیچژکگ"}
_0: Final = np.uint64(0)
_UPPERMOST_BITS: Final = np.uint64(0x8080808080808080)


def _character_kinds() -> U8:
    """The kind of each character up to U+FFFF."""
    kinds = np.full(0x10000, _OTHER, np.uint8)
    for kind, first, last in _RANGES:
        kinds[first : last + 1] = kind
    for kind, letters in _LETTERS.items():
        kinds[[ord(letter) for letter in letters]] = kind
    kinds[[byte for byte in range(0x80) if chr(byte).isalpha()]] = _LATIN
    return kinds


_KINDS: Final = _character_kinds()


@cache
def _common_words() -> Automaton:
    """Finds common words; its groups are languages."""
    words = _TOLD["words"]
    patterns = groups_by_pattern({language: {language: listed} for language, listed in words.items()})
    return build(patterns, tuple(words))


def _numbers(languages: Sequence[str]) -> I64:
    return np.array([LANGUAGES.index(language) for language in languages])


def languages_of(texts: Texts) -> U8:
    """Return the number of every text's language in ``LANGUAGES``, 0 where it is null or cannot be told.

    Only the end of a text is judged. Close languages are not told apart (Danish and Norwegian are one), program code
    passes for English, and a few words without any common one among them for nothing: good enough to count how many
    languages an account speaks, and for nothing else.
    """
    characters = np.zeros((len(texts), _WEIGHTS.size), np.int32)
    count_scripts(texts.addresses, texts.lengths, TAIL, _KINDS, characters)
    languages = np.zeros(len(texts), np.uint8)
    foreign = np.flatnonzero(characters.any(axis=1))  # the others are all ASCII
    languages[foreign] = _by_script(characters[foreign])
    latin = np.ones(len(texts), np.bool_)
    latin[foreign] = (languages[foreign] == 0) & (characters[foreign, _LATIN] > 0)
    rows = np.flatnonzero(latin)
    languages[rows] = _by_words(texts.take(rows))
    return languages


def _by_script(characters: I32) -> I64:
    """The language of texts by how many characters of each kind they have, 0 if they are in Latin letters or none."""
    counts = characters.copy()
    counts[:, _CYRILLIC] += characters[:, _UKRAINIAN] + characters[:, _NOT_UKRAINIAN]
    counts[:, _ARABIC] += characters[:, _PERSIAN]
    best = (counts * _WEIGHTS).argmax(axis=1)
    most = counts[np.arange(best.size), best]
    # Kana among Chinese characters are Japanese, unless a few of them are quoted.
    kana = (characters[:, _KANA] >= 2) & (4 * characters[:, _KANA] >= characters[:, _CHINESE])
    chinese = (best == _CHINESE) | (best == _KANA)
    languages = _numbers(_SCRIPTS)[np.where(chinese, np.where(kana, _KANA, _CHINESE), best)]
    ukrainian = characters[:, _UKRAINIAN] - characters[:, _NOT_UKRAINIAN]
    languages[(best == _CYRILLIC) & (ukrainian >= 2)] = LANGUAGES.index("uk")
    languages[(best == _ARABIC) & (characters[:, _PERSIAN] >= 2)] = LANGUAGES.index("fa")
    # A question about pasted code or a foreign text is in the language of the question, if enough of it is there.
    languages[(most < 2) | (2 * most * _WEIGHTS[best] < characters[:, _LATIN])] = 0
    return languages


def _by_words(texts: Texts) -> I64:
    """The language of texts by their commonest words, 0 if it cannot be told."""
    automaton = _common_words()
    words = automaton.count(texts, 0, TAIL)
    # Two words at least, and more than any other language has: names and titles are in many languages.
    second, most = np.partition(words, -2, axis=1)[:, -2:].T
    return np.where((most >= 2) & (most > second), _numbers(automaton.names)[words.argmax(axis=1)], 0)


@kernel("void(i8[::1], i8[::1], i8, u1[::1], i4[:, ::1])")
def count_scripts(addresses: I64, lengths: I64, tail: int, scripts: U8, counts: I32) -> None:
    """Count the characters of each script in the last ``tail`` bytes of texts; of a text that is all ASCII, none.

    ``scripts`` has the script of each character up to U+FFFF, ``counts`` a row a text and a column a script.
    """
    for row in range(addresses.size):
        end = addresses[row] + lengths[row]
        begin = end - min(lengths[row], tail)
        at = begin
        while at + 8 <= end and word_at(at) & _UPPERMOST_BITS == _0:
            at += 8
        while at < end and byte_at(at) < 0x80:
            at += 1
        at = begin if at < end else end
        while at < end:
            code: Any = np.int64(byte_at(at))
            at += 1
            if code >= 0xC0:
                stop = min(end, at + 1 + (code >= 0xE0) + (code >= 0xF0))
                long = code >= 0xF0
                code &= 63
                while at < stop:
                    code = (code << 6) | (byte_at(at) & 63)
                    at += 1
                code = REPLACEMENT if long else code & 0xFFFF
            counts[row, scripts[code]] += 1
