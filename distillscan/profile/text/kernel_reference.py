"""The byte loop in plain Python: slow, short and obviously right; the tests hold the compiled one against it."""

import re

from distillscan.profile.text import kernel

MASK = (1 << 64) - 1
P1, P2, P3, P4 = (int(p) for p in (kernel.P1, kernel.P2, kernel.P3, kernel.P4))


def _finish(h: int) -> int:
    h ^= h >> 32
    h = h * P4 & MASK
    h ^= h >> 29
    h = h * P2 & MASK
    return h ^ h >> 32


def _rotate(h: int, bits: int) -> int:
    return (h << bits | h >> (64 - bits)) & MASK


def hash_text(text: bytes) -> int:
    """Return what ``kernel.hash_rows`` gives for one string."""
    h = P3 ^ (len(text) * P1 & MASK)
    for at in range(0, len(text), 8):
        h ^= int.from_bytes(text[at : at + 8], "little") * P1 & MASK
        h = (_rotate(h, 27) * P2 + P3) & MASK
    return _finish(h)


def lines_of(text: bytes, least: int) -> list[bytes]:
    """Return the lines that ``kernel.find_lines`` finds in one string."""
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
    """Return what ``kernel.sketch_rows`` gives for one string: hash of the tokens, their number, kept shingles."""
    tokens = tokens_of(text)
    total = P3
    for token in tokens:
        total = _rotate((total ^ token) * P1 & MASK, 17)
    shingles = [
        _finish(((((a * P1 + b) * P3) + c) * P4 + d) & MASK)
        for a, b, c, d in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False)
    ]
    limit = min(kernel.WHOLE_MAX, max(kernel.WHOLE_MIN, len(text) // (6 * kernel.SPARSITY)))
    kept = set(sorted(set(shingles))[:limit])
    for edge in (shingles[: kernel.EDGE], shingles[-kernel.EDGE :]):
        kept.update(sorted(set(edge))[: kernel.EDGE_KEPT])
    return _finish(total ^ len(tokens)), len(tokens), sorted(kept)
