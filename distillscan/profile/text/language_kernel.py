"""The byte loop that tells the language of the end of a text: scripts are counted, then common words; by numba."""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from distillscan.profile.text.cue_kernel import SPECIAL, _special
from distillscan.profile.text.kernel import _byte, _word

#: Languages told by their script, in the order in which characters are counted: those with a script, then the two that
#: have letters of their own in a script they share.
SCRIPTS: Final = ("zh", "ja", "ko", "ru", "ar", "hi", "th", "el", "he", "uk", "fa")
_HAN, _KANA, _HANGUL, _CYRILLIC, _ARABIC, _DEVANAGARI, _THAI, _GREEK, _HEBREW, _UKRAINIAN, _PERSIAN = range(11)
_LATIN = 11
_OWN_SCRIPT = 9

#: What a character says next to a Latin letter: ideographs and syllables stand for more of a word.
_WEIGHTS = np.array([3, 3, 3, 1, 1, 1, 1, 1, 1], np.int64)
_SPACE = 32

_SEVEN, _UPPER_BYTE = np.uint64(7), np.uint64(56)
#: Eight times: the one, the uppermost bit, the bit of lower case, what lifts "a" to the uppermost bit, and "z" past it.
_ONES = np.uint64(0x0101010101010101)
_UPPERMOST, _LOWER = np.uint64(0x80) * _ONES, np.uint64(0x20) * _ONES
_FROM_A, _AFTER_Z = np.uint64(0x80 - ord("a")) * _ONES, np.uint64(0x7F - ord("z")) * _ONES


@njit(cache=True, nogil=True)
def _script2(lead, trail, counts):  # type: ignore[no-untyped-def]
    """Count a character of two bytes."""
    if 0xC3 <= lead <= 0xC9:
        counts[_LATIN] += 1
    elif lead == 0xCE or lead == 0xCF:
        counts[_GREEK] += 1
    elif 0xD0 <= lead <= 0xD3:
        counts[_CYRILLIC] += 1
        # Letters that Ukrainian has and Russian has not: є, і, ї and their capitals; against ё, ъ, ы, э.
        if (lead == 0xD1 and trail in (0x94, 0x96, 0x97)) or (lead == 0xD0 and trail in (0x84, 0x86, 0x87)):
            counts[_UKRAINIAN] += 1
        elif lead == 0xD1 and trail in (0x91, 0x8A, 0x8B, 0x8D):
            counts[_UKRAINIAN] -= 1
    elif lead == 0xD7 or (lead == 0xD6 and trail >= 0x90):
        counts[_HEBREW] += 1
    elif 0xD8 <= lead <= 0xDB:
        counts[_ARABIC] += 1
        # Letters that Persian has and Arabic has not: peh, tcheh, jeh, keheh, gaf, Farsi yeh.
        peh, farsi_yeh = lead == 0xD9 and trail == 0xBE, lead == 0xDB and trail == 0x8C
        if peh or farsi_yeh or (lead == 0xDA and trail in (0x86, 0x98, 0xA9, 0xAF)):
            counts[_PERSIAN] += 1


@njit(cache=True, nogil=True)
def _script3(lead, second, counts):  # type: ignore[no-untyped-def]
    """Count a character of three bytes."""
    if lead == 0xE0 and 0xA4 <= second <= 0xA5:
        counts[_DEVANAGARI] += 1
    elif lead == 0xE0 and 0xB8 <= second <= 0xB9:
        counts[_THAI] += 1
    elif lead == 0xE1 and 0xB8 <= second <= 0xBB:
        counts[_LATIN] += 1
    elif lead == 0xE3 and 0x81 <= second <= 0x83:
        counts[_KANA] += 1
    elif (lead == 0xE3 and second >= 0x90) or 0xE4 <= lead <= 0xE9:
        counts[_HAN] += 1
    elif (lead == 0xEA and second >= 0xB0) or 0xEB <= lead <= 0xED:
        counts[_HANGUL] += 1


@njit(cache=True, nogil=True)
def _ascii(at, end):  # type: ignore[no-untyped-def]
    """Walk ASCII eight bytes at a time as far as that goes; return where that is and how many letters there were."""
    letters = np.int64(0)
    while at + 8 <= end and _word(at) & _UPPERMOST == 0:
        lower = _word(at) | _LOWER  # then the uppermost bit of each byte tells whether it is a letter
        found = ((lower + _FROM_A) & ~(lower + _AFTER_Z) & _UPPERMOST) >> _SEVEN
        letters += np.int64((found * _ONES) >> _UPPER_BYTE)
        at += 8
    return at, letters


@njit(cache=True, nogil=True)
def _count_scripts(at, end, counts):  # type: ignore[no-untyped-def]
    counts[:] = 0
    while at < end:
        b = np.int64(_byte(at))
        if b < 0x80:
            counts[_LATIN] += 97 <= (b | 32) <= 122
            at, letters = _ascii(at + 1, end)
            counts[_LATIN] += letters
        elif b < 0xC0:
            at += 1
        elif b < 0xE0:
            if at + 1 < end:
                _script2(b, np.int64(_byte(at + 1)), counts)
            at += 2
        elif b < 0xF0:
            if at + 1 < end:
                _script3(b, np.int64(_byte(at + 1)), counts)
            at += 3
        else:
            at += 4


@njit(cache=True, nogil=True)
def _by_script(counts):  # type: ignore[no-untyped-def]
    """The script a text is in, -1 if that is the Latin one or none; -2 if there are too few letters to tell."""
    best = 0
    for k in range(1, _OWN_SCRIPT):
        if counts[k] * _WEIGHTS[k] > counts[best] * _WEIGHTS[best]:
            best = k
    # A question about pasted code or a foreign text is in the language of the question, if enough of it is there.
    if counts[best] < 2 or 2 * counts[best] * _WEIGHTS[best] < counts[_LATIN]:
        return -1
    if best in (_HAN, _KANA):
        return _KANA if counts[_KANA] >= 2 and 4 * counts[_KANA] >= counts[_HAN] else _HAN
    if best == _CYRILLIC and counts[_UKRAINIAN] >= 2:
        return _UKRAINIAN
    if best == _ARABIC and counts[_PERSIAN] >= 2:
        return _PERSIAN
    return best


@njit(cache=True, nogil=True)
def _count_words(begin, end, machine, counts):  # type: ignore[no-untyped-def]
    """Count the short words of each language."""
    classes, plain, steps, shift, first_hit, hit_starts, hit_groups = machine
    space = classes[_SPACE]
    counts[:] = 0
    at, ideograph_end = begin, np.int64(-1)
    state = np.int64(steps[space])
    open_end = True
    while at < end or open_end:
        if at < end:
            c = plain[_byte(at)]
            if c != SPECIAL:
                state = np.int64(steps[(state << shift) | c])
                at += 1
                if state >= first_hit:
                    _hit(state - first_hit, hit_starts, hit_groups, counts)
                continue
            at, ideograph_end, first, symbols, count, after = _special(at, begin, end, ideograph_end)
        else:  # a last space closes the last word
            first, symbols, count, after, open_end = 1, 0, 0, 0, False
        for k in range(first + count + after):
            step = space
            if 0 < k + 1 - first <= count:
                step = classes[symbols & 0xFF]
                symbols >>= 8
            state = np.int64(steps[(state << shift) | step])
            if state >= first_hit:
                _hit(state - first_hit, hit_starts, hit_groups, counts)


@njit(cache=True, nogil=True)
def _hit(hit, hit_starts, hit_groups, counts):  # type: ignore[no-untyped-def]
    for j in range(hit_starts[hit], hit_starts[hit + 1]):
        counts[hit_groups[j]] += 1


@njit(cache=True, nogil=True)
def tell_rows(addresses, lengths, machine, spoken, scripts, tail) -> npt.NDArray[np.uint8]:  # type: ignore[no-untyped-def]
    """Return the language of the end of every text, 0 if it cannot be told.

    Args:
        addresses: Address of the first byte of each text (UTF-8).
        lengths: Bytes of each text.
        machine: ``cues.Automaton.arrays`` of short words, by language.
        spoken: The language of each group of words.
        scripts: The language of each of ``SCRIPTS``.
        tail: Bytes at the end of a text that are looked at.
    """
    out = np.zeros(lengths.size, np.uint8)
    letters = np.zeros(_LATIN + 1, np.int64)
    words = np.zeros(spoken.size, np.int64)
    for row in range(out.size):
        end = addresses[row] + lengths[row]
        begin = max(addresses[row], end - tail)
        _count_scripts(begin, end, letters)
        script = _by_script(letters)
        if script >= 0:
            out[row] = scripts[script]
            continue
        if letters[_LATIN] == 0:
            continue
        _count_words(begin, end, machine, words)
        best, second = 0, 0
        for k in range(1, words.size):
            if words[k] > words[best]:
                best = k
        for k in range(words.size):
            if k != best:
                second = max(second, words[k])
        # Two words at least, and more than any other language has: names and titles are in many languages.
        if words[best] >= 2 and words[best] > second:
            out[row] = spoken[best]
    return out
