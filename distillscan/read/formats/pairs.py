"""Read lines of pairs (logfmt), ``ts=2026-07-01T03:00:00Z user=ann model=x prompt="..."``, as JSON records."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from distillscan.read.formats.record_texts import Block, Text, Texts
from distillscan.read.values.text import decode_bytes

_PAIR: Final = re.compile(r'(?<!\S)([A-Za-z_@][\w.@-]{0,63})=("(?:[^"\\]++|\\.)*+"|[^\s"]*+)(?!\S)', re.DOTALL)
#: What may stand before the first pair: a time, a level, a name.
_BEFORE: Final = re.compile(r"(?:[^=\"{};|\t,]|,(?=\d)){0,200}")
_TIME: Final = re.compile(r"\s{0,8}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,:+Z-]{0,32})\s")
#: Pairs in a line from which it is a record.
_FEWEST: Final = 3
_LINES: Final = 100


class PairTexts:
    """The texts of a file of lines of pairs, as JSON, without other output; ``time`` names a time before the pairs."""

    def __init__(self, texts: Texts, time: str) -> None:
        self._texts, self._time = texts, time
        self.label, self.size = texts.label, texts.size

    def blocks(self) -> Iterator[Block]:
        """Yield the records, block by block of the file."""
        for block in self._texts.blocks():
            lines = [None if text is None else pairs_as_json(decode_bytes(text), self._time) for text in block.texts]
            records: list[Text] = [line.encode() for line in lines if line is not None]
            records += [None for text in block.texts if text is None]
            other = len(lines) - len(records)
            yield Block(records, block.bytes, block.left_out + other, block.remarks, block.damage)

    def sample(self) -> Iterator[Text]:
        """Yield some records, the first ones first."""
        for text in self._texts.sample():
            if text is not None and (record := pairs_as_json(decode_bytes(text), self._time)) is not None:
                yield record.encode()


def are_pairs(texts: Iterable[Text]) -> bool:
    """Return whether at least half of the first lines are pairs."""
    lines = [decode_bytes(text) for text in islice(texts, _LINES) if text is not None]
    return bool(lines) and 2 * sum(pairs_as_json(line) is not None for line in lines) >= len(lines)


def pairs_as_json(line: str, time: str | None = None) -> str | None:
    """Return the pairs of a line as a JSON object, all values as text; ``None`` if there are fewer than three.

    A time before the pairs goes under the name ``time``.
    """
    first = _PAIR.search(line)
    if first is None or not _BEFORE.fullmatch(line, 0, first.start()):
        return None
    found = {pair[1]: _value(pair[2]) for pair in _PAIR.finditer(line, first.start())}
    if len(found) < _FEWEST:
        return None
    if time is not None and (before := _TIME.match(line, 0, first.start())):
        found.setdefault(time, before[1])
    return json.dumps(found, ensure_ascii=False)


def _value(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1].replace('\\"', '"')
