"""Profile one batch of canonical rows; what of its rows can be worked out without looking at any others."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from distillscan.columns import ROW, SOURCE
from distillscan.compiled import I64, U64, Bools
from distillscan.profile.entities import COLUMN_OF
from distillscan.profile.store.accounts import NO_MAXIMUM, NO_MINIMUM
from distillscan.profile.tables import CONVERSATION_HEAD, KINDS, LINE_MIN, SQUARE_LIMIT
from distillscan.profile.text.hashes import Texts, texts_of
from distillscan.profile.text.intents import intents_of
from distillscan.profile.text.languages import languages_of
from distillscan.profile.text.sketches import sketch

_REFUSALS: Final = ("refusal", "content_filter", "content_filtered", "safety", "guardrail_intervened", "blocked")
_POINTER_BITS: Final = 40
_HOUR_US: Final = 3_600_000_000


def split_pointer(column: str = "pointer") -> list[pl.Expr]:
    """Undo ``Rows.pointers``: the columns ``source`` and ``row``."""
    return [
        (pl.col(column) // (1 << _POINTER_BITS)).cast(pl.UInt32).alias(SOURCE),
        (pl.col(column) % (1 << _POINTER_BITS)).cast(pl.UInt64).alias(ROW),
    ]


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text column of a batch: its values, where they are in memory, and their hashes."""

    values: pl.Series
    texts: Texts
    hashes: U64

    @property
    def stated(self) -> Bools:
        """Which texts are neither null nor empty."""
        return self.texts.lengths > 0


class Rows:
    """The rows of a batch as arrays.

    Attributes:
        columns: The canonical columns that have a value.
        accounts: Hash of each row's account.
        times: Microseconds since 1970.
        hours: Hours since 1970.
        ones: One request each.
        pointers: Where each row is, in one number: the input in the upper bits, the record in the lower 40.
        texts: Columns with text that is not only summed up.
        sums: What each row adds to the columns of its account.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self.columns = frozenset(
            name for name in frame.columns if name not in (SOURCE, ROW) and frame[name].null_count() < frame.height
        )
        self.accounts: U64 = texts_of(frame["account_id"]).hashes()
        self.times: I64 = frame["timestamp"].to_physical().to_numpy(writable=True)
        self.hours: I64 = self.times // _HOUR_US
        self.ones: I64 = np.ones(frame.height, np.int64)
        source, row = (frame[name].to_numpy().astype(np.int64) for name in (SOURCE, ROW))
        self.pointers: I64 = (source << _POINTER_BITS) + row
        names = {"model", "prompt", *(COLUMN_OF.get(kind, kind) for kind in KINDS)}
        self.texts = {name: self._text(name) for name in names & self.columns}
        self.sums = self._sums()
        self.passages = self._passages()

    def _text(self, name: str) -> TextColumn:
        texts = texts_of(self._frame[name])
        return TextColumn(self._frame[name], texts, texts.hashes())

    def _passages(self) -> dict[str, tuple[I64, U64]]:
        """Parts of texts that accounts may share: kind of link to the rows of the parts and their hashes.

        They are the beginnings of prompts, the lines of answers, and the lines of prompts that have an answer: a
        prompt counts only beside its own answer, so that what is kept of a row never depends on other rows.
        """
        found = {}
        if "prompt" in self.columns:
            found["conversation"] = self.texts["prompt"].texts.head_hashes(CONVERSATION_HEAD)
        if "response" in self.columns:
            answers = texts_of(self._frame["response"])
            found["output_line"] = answers.line_hashes(LINE_MIN)
            if "prompt" in self.columns:
                answered = np.flatnonzero(answers.valid)
                at, hashes = self.texts["prompt"].texts.take(answered).line_hashes(LINE_MIN)
                found["input_line"] = answered[at], hashes
        return found

    def _whole(self, name: str) -> I64:
        """A column of whole numbers that count; 0 where it is null or negative."""
        values: I64 = self._frame[name].fill_null(0).to_numpy()
        return np.maximum(values, 0)

    def _sums(self) -> dict[str, I64]:
        times = self.times
        found = {"requests": self.ones, "first": times, "last": times, "last_served": times}
        if "account_created_at" in self.columns:
            created = self._frame["account_created_at"].to_physical()
            found["created"] = created.fill_null(NO_MINIMUM).to_numpy(writable=True)
        if "input_tokens" in self.columns:
            found["input_tokens"] = self._whole("input_tokens")
        if "output_tokens" in self.columns:
            found["output_tokens"] = self._whole("output_tokens")
            found["output_squares"] = np.minimum(found["output_tokens"], SQUARE_LIMIT) ** 2
            found["with_output"] = self._frame["output_tokens"].is_not_null().to_numpy().astype(np.int64)
        if "prompt" in self.columns:
            prompts = self.texts["prompt"].texts
            found["prompt_bytes"] = prompts.lengths
            found["prompt_squares"] = np.minimum(prompts.lengths, SQUARE_LIMIT) ** 2
            found["with_prompt"] = prompts.valid.astype(np.int64)
        if "status_code" in self.columns:
            status = self._frame["status_code"].fill_null(0).to_numpy()
            denied, limited, error = (status == 401) | (status == 403), status == 429, status >= 400
            found["denied"], found["limited"] = denied.astype(np.int64), limited.astype(np.int64)
            found["failed"] = (error & ~denied & ~limited).astype(np.int64)
            found["last_served"] = np.where(error, NO_MAXIMUM, times)
            found["first_denied"] = np.where(denied, times, NO_MINIMUM)
        if "stop_reason" in self.columns:
            reasons = self._frame["stop_reason"]
            stated = reasons.unique()
            refusals = stated.filter(stated.str.to_lowercase().is_in(_REFUSALS))
            found["refused"] = reasons.is_in(refusals.implode()).fill_null(value=False).to_numpy().astype(np.int64)
        return found


def describe_texts(column: TextColumn, rows: I64) -> pl.DataFrame:
    """Describe the texts at ``rows``: a row each, with ``key`` (the hash) and the columns of ``tables.TEXT``."""
    texts = column.texts.take(rows)
    known = {"key": column.hashes[rows], "bytes": texts.lengths.astype(np.uint32)}
    meaning = {"intents": intents_of(texts), "language": languages_of(texts)}
    return pl.DataFrame({**known, **meaning}).hstack(sketch(texts))
