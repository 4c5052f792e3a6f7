"""The compiled loops in plain Python: slow, short and plainly right; the tests compare the two."""

import re

from distillscan.profile.text import hashes, sketches

MASK = (1 << 64) - 1
P1, P2, P3, P4 = (int(p) for p in (hashes.P1, hashes.P2, hashes.P3, hashes.P4))
LATIN1 = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
WORD, MARK, WHITE, STOP = range(4)
SPACE = 32


def _finish(h: int) -> int:
    h ^= h >> 32
    h = h * P4 & MASK
    h ^= h >> 29
    h = h * P2 & MASK
    return h ^ h >> 32


def _rotate(h: int, bits: int) -> int:
    return (h << bits | h >> (64 - bits)) & MASK


def hash_text(text: bytes) -> int:
    """Return what ``hash_texts`` gives for one string."""
    h = P3 ^ (len(text) * P1 & MASK)
    for at in range(0, len(text), 8):
        h ^= int.from_bytes(text[at : at + 8], "little") * P1 & MASK
        h = (_rotate(h, 27) * P2 + P3) & MASK
    return _finish(h)


def lines_of(text: bytes, least: int) -> list[bytes]:
    """Return the lines that ``find_lines`` finds in one string."""
    pieces = re.split(rb"\n|(?<=[.!?])(?= )|(?<=\xe3\x80\x82)", text)
    lines = [piece.strip(bytes(range(33))) for piece in pieces]
    return [line for line in lines if len(line) >= least]


def _word_token(text: bytes, at: int) -> tuple[int, int]:
    h, digit = P2, False
    while at < len(text):
        b = text[at]
        if 48 <= b <= 57 and digit:
            at += 1
            continue
        if 48 <= b <= 57:
            h, digit = (h ^ 48) * P1 & MASK, True
        elif 97 <= b <= 122 or 0x80 <= b < 0xE0:
            h, digit = (h ^ b) * P1 & MASK, False
        elif 65 <= b <= 90:
            h, digit = (h ^ b + 32) * P1 & MASK, False
        else:
            break
        h ^= h >> 29
        at += 1
    return h, at


def tokens_of(text: bytes) -> list[int]:
    """Return the hashes of the tokens of one string, in order."""
    found: list[int] = []
    at, c1, c2 = 0, 0, 0
    while at < len(text):
        b = text[at]
        if b >= 0xE0:
            stop = min(len(text), at + (4 if b >= 0xF0 else 3))
            if not (b == 0xE2 and text[at + 1 : at + 2] == b"\x80"):
                code = int.from_bytes(text[at:stop], "big")
                found.append(_finish((((c2 * P1 + c1) * P3) + code * P4 + P2) & MASK))
                c1, c2 = code, c1
            at = stop
        elif b >= 0x80 or chr(b).isalnum():
            token, at = _word_token(text, at)
            found.append(token)
            c1 = c2 = 0
        else:
            at += 1
    return found


def sketch_text(text: bytes) -> tuple[int, int, list[int]]:
    """Return what ``sketch_texts`` gives for one string: hash of the tokens, their number, kept shingles."""
    tokens = tokens_of(text)
    total = P3
    for token in tokens:
        total = _rotate((total ^ token) * P1 & MASK, 17)
    shingles = [
        _finish(((((a * P1 + b) * P3) + c) * P4 + d) & MASK)
        for a, b, c, d in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False)
    ]
    limit = min(sketches.WHOLE_MAX, max(sketches.WHOLE_MIN, len(text) // (6 * sketches.SPARSITY)))
    kept = set(sorted(set(shingles))[:limit])
    for edge in (shingles[: sketches.EDGE], shingles[-sketches.EDGE :]):
        kept.update(sorted(set(edge))[: sketches.EDGE_KEPT])
    return _finish(total ^ len(tokens)), len(tokens), sorted(kept)


def _ascii_kind(ch: str) -> int:
    return WORD if ch.isalnum() else MARK if ch in "<>/[]{}+#`" else WHITE if ch in " \t\n\r\f\v" else STOP


def _fold(ch: str) -> tuple[int, bool, bytes]:
    """Return a character's kind, whether it is an ideograph (of a script of three bytes), and its symbols."""
    code = ord(ch)
    if 0xFF01 <= code <= 0xFF5E:
        code -= 0xFEE0
    if code < 0x80:
        return _ascii_kind(chr(code)), False, chr(code).lower().encode()
    if code in (0xAD, 0x2060, 0xFEFF) or 0x300 <= code < 0x370 or 0x200B <= code <= 0x200F:
        return WORD, False, b""
    if 0xC0 <= code < 0x100:
        letter = LATIN1[code - 0xC0]
        return (STOP, False, b"") if letter == " " else (WORD, False, letter.encode())
    if code < 0xC0 or 0x2000 <= code < 0x3040 or code >= 0xFFC0:
        return STOP, False, b""
    if 0x400 <= code < 0x430:
        ch = ch.lower()
    if ch == "ё":
        ch = "е"
    symbols = ch.encode()
    return WORD, len(symbols) == 3 and symbols[0] != 0xE1, symbols


def symbols_of(text: str) -> list[tuple[int, int]]:
    """Return a text as the automaton reads it: its symbols (bytes), each with the byte of the text up to which it is.

    Words and marks have a space on either side, ideographs only where something else begins. Letters are in lower case
    and without accents; punctuation but ``<>/[]{}+#`` and the backtick is a space; a decimal point is left out.
    """
    out = [(SPACE, 0)]
    beside_ideograph, end = False, 0

    def space(at: int) -> None:
        if out[-1][0] != SPACE:
            out.append((SPACE, at))

    for k, ch in enumerate(text):
        kind, ideograph, symbols = _fold(ch)
        start, end = end, end + len(ch.encode())
        rest = text[k:].lstrip(" \t\n\r\f\v") if kind == WHITE and beside_ideograph else ""
        if (kind == WORD and not symbols) or _is_point(text, k) or (rest and not rest[0].isascii()):
            continue
        if kind in (WHITE, STOP):
            space(end)
        else:
            if kind == MARK or ideograph != beside_ideograph:
                space(start)
            out += [(symbol, end) for symbol in symbols]
            if kind == MARK:
                space(end)
        beside_ideograph = ideograph
    space(end)
    return out


def _is_point(text: str, at: int) -> bool:
    """Whether a character is a decimal point."""
    before, after = text[max(0, at - 1) : at], text[at + 1 : at + 2]
    return text[at] == "." and before.isascii() and before.isalnum() and after.isascii() and after.isdigit()
