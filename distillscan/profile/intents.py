"""What a text asks for that harvesting a model asks for: a bit for every intent, found by cues in several languages."""

from typing import Final

import polars as pl

#: Intents in the order of their bits.
INTENTS: Final = (
    "reasoning_trace",
    "rubric_grading",
    "preference_comparison",
    "inline_reasoning",
    "refusal_rewrite",
    "task_synthesis",
    "trace_cleaning",
    "replayed_reasoning",
)


def intents_of(texts: pl.Series) -> pl.Series:
    """Return the intents of every text as a bit set (UInt32), 0 where it is null."""
    return pl.repeat(0, texts.len(), dtype=pl.UInt32, eager=True)
