"""The texts of a polars column where they are in memory, and hashes of them and of their lines."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from distillscan.compiled import I64, U64, Bools, byte_at, helper, kernel, word_at
from distillscan.profile.store.index import Index
from distillscan.read.values.views import VIEW

#: Odd 64-bit constants with well spread bits (fractional digits of pi and the golden ratio).
P1: Final = np.uint64(0x9E3779B97F4A7C15)
P2: Final = np.uint64(0xC13FA9A902A6328F)
P3: Final = np.uint64(0x91E10DA5C79E7B1D)
P4: Final = np.uint64(0xD6E8FEB86659FD93)
_0, _8, _27, _29 = np.uint64(0), np.uint64(8), np.uint64(27), np.uint64(29)
_32, _37 = np.uint64(32), np.uint64(37)
#: Texts of at least this many bytes are hashed two at a time.
_LONG: Final = 64

#: Eight times a byte, its uppermost bit, and each byte that a line may end with.
_EACH: Final = np.uint64(0x0101010101010101)
_UPPERMOST: Final = np.uint64(0x8080808080808080)
_ENDINGS: Final = tuple(_EACH * np.uint64(byte) for byte in (*b"\n!.?", 0x82))

#: Bytes of a text on average from which it is looked whether texts repeat.
_REPEATED: Final = 256

#: Bytes of a text that stand in its view itself.
_INLINE = 12


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a column, where they are in memory, without a copy.

    Attributes:
        addresses: Address of the first byte of each text.
        lengths: Bytes of each text, 0 where it is null.
        valid: Which are not null.
        held: What keeps that memory alive.
    """

    addresses: I64
    lengths: I64
    valid: Bools
    held: Any

    def __len__(self) -> int:
        return self.addresses.size

    def take(self, rows: I64) -> "Texts":
        """Return the texts at some rows."""
        return Texts(self.addresses[rows], self.lengths[rows], self.valid[rows], self.held)

    def hashes(self) -> U64:
        """Return the hash of each text; that of a null means nothing.

        A long text that many rows have, and that is in memory once, is hashed once.
        """
        if int(self.lengths.sum()) > _REPEATED * len(self):
            places, first = Index().add(self.addresses.view(np.uint64), self.valid)
            lengths = self.lengths[first]
            same_length = lengths[places] == self.lengths
            if 2 * first.size < len(self) and same_length[self.valid].all():
                return _hash(self.addresses[first], lengths)[places]
        return _hash(self.addresses, self.lengths)

    def head_hashes(self, head: int) -> tuple[I64, U64]:
        """Return the rows of the texts of at least ``head`` bytes, and the hash of so many bytes of each."""
        rows = np.flatnonzero(self.lengths >= head)
        return rows, _hash(self.addresses[rows], np.full(rows.size, head))

    def line_hashes(self, shortest: int) -> tuple[I64, U64]:
        """Return the row and the hash of each line of at least so many bytes; see ``find_lines``."""
        most = int((self.lengths // shortest).sum())
        rows, starts, sizes = (np.empty(most, np.int64) for _ in range(3))
        count = find_lines(self.addresses, self.lengths, shortest, rows, starts, sizes)
        return rows[:count], _hash(starts[:count], sizes[:count])


def texts_of(column: pl.Series) -> Texts:
    """Return the texts of a column (String)."""
    held = [chunk.to_arrow(compat_level=pl.CompatLevel.newest()) for chunk in column.get_chunks()]
    parts = [_locate(array) for array in held if len(array)] or [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    addresses, lengths = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
    valid = column.is_not_null().to_numpy()
    if column.null_count():
        lengths[~valid] = 0
    return Texts(addresses, lengths, valid, held)


def _locate(array: Any) -> tuple[I64, I64]:
    """Return the address and the length of each text of an Arrow array of string views."""
    _, memory, *data = array.buffers()
    views = np.frombuffer(memory, VIEW)[array.offset : array.offset + len(array)]
    lengths = views["length"].astype(np.int64)
    inline = memory.address + 16 * np.arange(array.offset, array.offset + len(array)) + 4
    far = lengths > _INLINE
    if not far.any():
        return inline, lengths
    buffers = np.array([buffer.address for buffer in data], np.int64)
    beginnings = buffers.take(views["buffer"], mode="clip")  # of a text in its view this is its own bytes
    return np.where(far, beginnings + views["offset"], inline), lengths


def _hash(addresses: I64, lengths: I64) -> U64:
    hashes = np.empty(addresses.size, np.uint64)
    hash_texts(addresses, lengths, hashes)
    return hashes


def hash_column(column: pl.Series) -> pl.Series:
    """Return the 64-bit hash of every text (UInt64), null where the column is null."""
    texts = texts_of(column)
    hashes = pl.Series(column.name, texts.hashes())
    return hashes.set(pl.Series(~texts.valid), None) if column.null_count() else hashes


def hash_text(text: str) -> int:
    """Return the hash that ``hash_column`` gives for one text."""
    return int(hash_column(pl.Series([text]))[0])


@helper("u8(u8)")
def finish(h: np.uint64) -> np.uint64:
    """Spread the bits of a hash."""
    h ^= h >> _32
    h *= P4
    h ^= h >> _29
    h *= P2
    h ^= h >> _32
    return h


@helper("u8(u8, i8, i8)")
def _hash_rest(h: Any, at: int, end: int) -> np.uint64:
    """Carry the hash of a text on to its end."""
    while at + 8 <= end:
        h ^= word_at(at) * P1
        h = ((h << _27) | (h >> _37)) * P2 + P3
        at += 8
    if at < end:
        word = _0
        while at < end:
            end -= 1
            word = (word << _8) | np.uint64(byte_at(end))
        h ^= word * P1
        h = ((h << _27) | (h >> _37)) * P2 + P3
    return finish(h)


@kernel("void(i8[::1], i8[::1], u8[::1])")
def hash_texts(addresses: I64, lengths: I64, hashes: U64) -> None:
    """Hash every text, byte for byte (no normalisation), to 64 bits; stable over versions and machines.

    A step waits for the multiplications of the one before it, so long texts are walked two at a time: what is left of
    the longer one of two is walked beside the next.
    """
    held = -1  # the row of a long text that is not walked to its end
    at, end, h = 0, 0, P3
    for row in range(addresses.size):
        begin, stop = addresses[row], addresses[row] + lengths[row]
        i = P3 ^ (np.uint64(lengths[row]) * P1)
        if lengths[row] >= _LONG:
            shared = min(end - at, lengths[row]) & -8
            for k in range(0, shared, 8):
                h ^= word_at(at + k) * P1
                i ^= word_at(begin + k) * P1
                h = ((h << _27) | (h >> _37)) * P2 + P3
                i = ((i << _27) | (i >> _37)) * P2 + P3
            at += shared
            begin += shared
            if stop - begin >= end - at:
                if held >= 0:
                    hashes[held] = _hash_rest(h, at, end)
                held, at, end, h = row, begin, stop, i
                continue
        hashes[row] = _hash_rest(i, begin, stop)
    if held >= 0:
        hashes[held] = _hash_rest(h, at, end)


@helper("b1(u8)")
def _may_end_line(word: np.uint64) -> bool:
    """Whether a line may end within eight bytes: one of them is in ``_ENDINGS``."""
    found = _0
    for ending in _ENDINGS:
        other = word ^ ending
        found |= (other - _EACH) & ~other  # the uppermost bit of a byte that is 0, after Mycroft
    return bool(found & _UPPERMOST != _0)


@kernel("i8(i8[::1], i8[::1], i8, i8[::1], i8[::1], i8[::1])")
def find_lines(addresses: I64, lengths: I64, shortest: int, rows: I64, starts: I64, sizes: I64) -> int:
    """Write the text (by number), address and bytes of each line of at least ``shortest`` bytes; return their number.

    A line is what stands between line breaks and ends of sentences, without white space around it.
    """
    count = 0
    for row in range(addresses.size):
        start, end = addresses[row], addresses[row] + lengths[row]
        at = start
        while at < end:
            if at + 8 < end and not _may_end_line(word_at(at)):
                at += 8
                continue
            byte = byte_at(at)
            at += 1
            if at < end and byte > 63:
                # Only the full stop of Chinese ends a sentence.
                if byte != 0x82 or at < start + 3 or byte_at(at - 2) != 0x80 or byte_at(at - 3) != 0xE3:
                    continue
            elif at < end and byte != 10 and (byte_at(at) != 32 or (byte != 46 and byte != 63 and byte != 33)):
                continue
            last = at
            while start < last and byte_at(start) <= 32:
                start += 1
            while last > start and byte_at(last - 1) <= 32:
                last -= 1
            if last - start >= shortest:
                rows[count], starts[count], sizes[count] = row, start, last - start
                count += 1
            start = at
    return count
