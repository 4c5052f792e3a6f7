"""The ordinary log for timing, of any length.

Words follow Zipf's law, lengths of prompts are log-normal (about 600 bytes on average), a few accounts send most of the
requests, and three templates are planted over 1,000 further accounts (2 % of the requests).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP: Final = 125_000
_BATCH: Final = 2 * _ROW_GROUP
_VOCABULARY: Final = 50_000
_TEMPLATE_WORDS: Final = 60
_TEMPLATE_ACCOUNTS: Final = 1_000
_START: Final = 1_767_225_600_000_000  # 2026-01-01 in microseconds
_MONTH: Final = 30 * 86_400 * 10**6
_LETTERS: Final = np.frombuffer(b"etaoinshrdlucmfwypvbgkqjxz", dtype=np.uint8)
_MODELS: Final = pl.Series(["alpha-1", "alpha-2", "beta-1"])

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Language:
    """Words, the most common first, each with a space behind it; how common they are; the planted templates."""

    words: Any  # pyarrow has no types
    zipf: npt.NDArray[np.float64]
    templates: tuple[Ints, ...]

    def draw(self, chance: npt.NDArray[np.float64]) -> Ints:
        """Words for numbers between 0 and 1."""
        return np.minimum(np.searchsorted(self.zipf, chance), _VOCABULARY - 1).astype(np.int64)

    def spell(self, words: Ints, offsets: Ints) -> pl.Series:
        """Texts of words that are laid end to end; ``offsets`` say where each begins, and where the last one ends."""
        spelled = self.words.take(pa.array(words))
        places = np.frombuffer(spelled.buffers()[1], dtype=np.int64)[offsets]
        return pl.Series(
            values=pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(places), spelled.buffers()[2])
        )


def _invent(rng: np.random.Generator) -> _Language:
    ends = np.cumsum(np.clip(rng.poisson(5.5, _VOCABULARY), 2, 14))
    common = 1 / np.arange(1, len(_LETTERS) + 1)
    letters = rng.choice(_LETTERS, size=ends[-1], p=common / common.sum()).tobytes().decode()
    begins = [0, *ends.tolist()]
    words = [letters[begin:end] + " " for begin, end in zip(begins, ends.tolist(), strict=False)]
    zipf = np.cumsum(1 / np.arange(1, _VOCABULARY + 1))
    zipf /= zipf[-1]
    templates = tuple(np.searchsorted(zipf, rng.random(_TEMPLATE_WORDS)) for _ in range(3))
    return _Language(pa.array(words, pa.large_string()), zipf, templates)


def _prompts(rng: np.random.Generator, language: _Language, lengths: Ints) -> tuple[pl.Series, npt.NDArray[np.bool_]]:
    """Texts of so many words, and which of them begin with a template."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    words = language.draw(rng.random(offsets[-1]))
    planted = rng.random(len(lengths)) < 0.02
    for row in np.flatnonzero(planted):
        size = min(_TEMPLATE_WORDS, lengths[row])
        words[offsets[row] : offsets[row] + size] = language.templates[row % 3][:size]
    return language.spell(words, offsets), planted


def _addresses(host: Ints) -> pl.Series:
    parts = [pl.lit("10"), *(pl.Series(host >> shift & 255).cast(pl.String) for shift in (16, 8, 0))]
    return pl.select(pl.concat_str(parts, separator=".")).to_series()


def _batches(rows: int, seed: int) -> Iterator[pl.DataFrame]:
    rng = np.random.default_rng(seed)
    language = _invent(rng)
    accounts = max(1_000, rows // 50)
    for first in range(0, rows, _BATCH):
        n = min(_BATCH, rows - first)
        lengths = np.clip(rng.lognormal(4.2, 0.8, n).astype(np.int64), 3, 3_000)
        prompt, planted = _prompts(rng, language, lengths)
        account = (rng.pareto(0.7, n) * 20).astype(np.int64) % accounts
        account = np.where(planted, accounts + rng.integers(0, _TEMPLATE_ACCOUNTS, n), account)
        host = (account * 7_919 + rng.integers(0, 3, n)) % (accounts * 2)
        yield pl.DataFrame(
            {
                "timestamp": pl.Series(_START + np.sort(rng.integers(0, _MONTH, n))).cast(pl.Datetime("us", "UTC")),
                "request_id": "req_" + pl.Series(np.arange(first, first + n)).cast(pl.String),
                "account_id": "acct_" + pl.Series(account).cast(pl.String),
                "ip": _addresses(host),
                "user_agent": "python-sdk/0." + pl.Series(account % 40).cast(pl.String),
                "model": _MODELS.gather(rng.integers(0, 3, n)),
                "prompt": prompt,
                "input_tokens": (lengths * 1.3).astype(np.int32),
                "output_tokens": rng.integers(10, 2_000, n).astype(np.int32),
            }
        )


def write_log(path: Path, rows: int, seed: int = 1) -> None:
    """Write a log of so many requests as Parquet; the same for the same numbers."""
    writer: Any = None
    for batch in _batches(rows, seed):
        table = batch.to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=_ROW_GROUP)
    writer.close()
