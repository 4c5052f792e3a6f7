"""Profile one batch of canonical rows; what of its rows can be worked out without looking at any others."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from distillscan.columns import ROW, SOURCE
from distillscan.profile.entities import DERIVED, STATED
from distillscan.profile.kernels.arrays import I64, U64, Bools
from distillscan.profile.store.accounts import NO_MAXIMUM, NO_MINIMUM
from distillscan.profile.tables import CONVERSATION_HEAD, LINE_MIN, SQUARE_LIMIT
from distillscan.profile.text.hashes import Texts, texts_of
from distillscan.profile.text.intents import intents_of
from distillscan.profile.text.languages import languages_of

_REFUSALS = ("refusal", "content_filter", "content_filtered", "safety", "guardrail_intervened", "blocked")
_POINTER_BITS = 40
_HOUR_US = 3_600_000_000


def pointer() -> pl.Expr:
    """Where a row is, in one number: the input in the upper bits, the record in the lower 40."""
    return (pl.col(SOURCE).cast(pl.UInt64) * (1 << _POINTER_BITS) + pl.col(ROW).cast(pl.UInt64)).alias("pointer")


def split_pointer(column: str = "pointer") -> list[pl.Expr]:
    """Undo ``pointer``: the columns ``source`` and ``row``."""
    return [
        (pl.col(column) // (1 << _POINTER_BITS)).cast(pl.UInt32).alias(SOURCE),
        (pl.col(column) % (1 << _POINTER_BITS)).cast(pl.UInt64).alias(ROW),
    ]


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text column of a batch: its values, where they are, which are not null, and their hashes."""

    values: pl.Series
    texts: Texts
    valid: Bools
    hashes: U64


class Rows:
    """The rows of a batch as arrays.

    Attributes:
        frame: The batch.
        columns: Its canonical columns that have a value.
        accounts: Hash of each row's account.
        times: Microseconds since 1970.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self.columns = frozenset(
            name for name in frame.columns if name not in (SOURCE, ROW) and frame[name].null_count() < frame.height
        )
        self.accounts: U64 = texts_of(frame["account_id"]).hashes()
        self.times: I64 = frame["timestamp"].to_physical().to_numpy(writable=True)
        names = {*STATED, *DERIVED, "model", "prompt"}
        self.texts: Mapping[str, TextColumn] = {name: self._text(name) for name in sorted(names & self.columns)}

    def _text(self, name: str) -> TextColumn:
        values = self.frame[name]
        texts = texts_of(values)
        valid = np.ones(len(texts), np.bool_) if texts.valid is None else texts.valid
        return TextColumn(values, texts, valid, texts.hashes())

    def prepare(self) -> None:
        """Work out what takes long."""
        _ = self.sums, self.lines, "prompt" in self.texts and self.conversations

    @cached_property
    def ones(self) -> I64:
        """One request each."""
        return np.ones(self.times.size, np.int64)

    @cached_property
    def hours(self) -> I64:
        """Hours since 1970."""
        return self.times // _HOUR_US

    @cached_property
    def pointers(self) -> I64:
        """Where each row is, see ``pointer``."""
        source, row = (self.frame[name].to_numpy().astype(np.int64) for name in (SOURCE, ROW))
        pointers: I64 = (source << _POINTER_BITS) + row
        return pointers

    @cached_property
    def conversations(self) -> tuple[U64, Bools]:
        """Hash of the beginning of each prompt, and which prompts are long enough to have one."""
        return self.texts["prompt"].texts.head_hashes(CONVERSATION_HEAD)

    @cached_property
    def lines(self) -> dict[str, tuple[I64, U64]]:
        """Lines of answers, and of the prompts that have one: kind of link to the rows of the lines and their hashes.

        A prompt counts only beside its own answer, so that what is kept of a row never depends on other rows.
        """
        if "response" not in self.columns:
            return {}
        answers = texts_of(self.frame["response"])
        found = {"output_line": answers.line_hashes(LINE_MIN)}
        if "prompt" in self.columns:
            answered = np.arange(len(answers)) if answers.valid is None else np.flatnonzero(answers.valid)
            at, hashes = self.texts["prompt"].texts.take(answered).line_hashes(LINE_MIN)
            found["input_line"] = answered[at], hashes
        return found

    def _whole(self, name: str) -> I64:
        """A column of whole numbers that count; 0 where it is null or negative."""
        column = self.frame[name]
        values: I64 = (column.fill_null(0) if column.null_count() else column).to_numpy()
        return np.maximum(values, 0)

    @cached_property
    def sums(self) -> dict[str, I64]:
        """What each row adds to the columns of its account."""
        times = self.times
        found = {"requests": self.ones, "first": times, "last": times, "last_served": times}
        if "account_created_at" in self.columns:
            created = self.frame["account_created_at"].to_physical()
            found["created"] = created.fill_null(NO_MINIMUM).to_numpy(writable=True)
        if "input_tokens" in self.columns:
            found["input_tokens"] = self._whole("input_tokens")
        if "output_tokens" in self.columns:
            found["output_tokens"] = self._whole("output_tokens")
            found["output_squares"] = np.minimum(found["output_tokens"], SQUARE_LIMIT) ** 2
            found["with_output"] = self.frame["output_tokens"].is_not_null().to_numpy().astype(np.int64)
        if "prompt" in self.columns:
            prompt = self.texts["prompt"]
            found["prompt_bytes"] = prompt.texts.lengths
            found["prompt_squares"] = np.minimum(prompt.texts.lengths, SQUARE_LIMIT) ** 2
            found["with_prompt"] = prompt.valid.astype(np.int64)
        if "status_code" in self.columns:
            found |= self._statuses()
        if "stop_reason" in self.columns:
            reasons = self.frame["stop_reason"]
            stated = reasons.unique()
            refusals = stated.filter(stated.str.to_lowercase().is_in(_REFUSALS))
            found["refused"] = reasons.is_in(refusals.implode()).fill_null(value=False).to_numpy().astype(np.int64)
        return found

    def _statuses(self) -> dict[str, I64]:
        status = self.frame["status_code"].fill_null(0).to_numpy()
        denied, limited, error = (status == 401) | (status == 403), status == 429, status >= 400
        return {
            "denied": denied.astype(np.int64),
            "limited": limited.astype(np.int64),
            "failed": (error & ~denied & ~limited).astype(np.int64),
            "last_served": np.where(error, NO_MAXIMUM, self.times),
            "first_denied": np.where(denied, self.times, NO_MINIMUM),
        }


def describe_texts(column: TextColumn, rows: I64) -> pl.DataFrame:
    """Describe the texts at ``rows``.

    Returns:
        One row each: ``key`` (the hash), and what ``tables.SYSTEMS`` has of a text.
    """
    texts, values = column.texts.take(rows), column.values.gather(rows)
    known = [
        pl.Series("key", column.hashes[rows]),
        pl.Series("bytes", texts.lengths).cast(pl.UInt32),
        intents_of(values).alias("intents"),
        languages_of(values).alias("language"),
    ]
    return pl.concat([pl.DataFrame(known), texts.sketches()], how="horizontal")
