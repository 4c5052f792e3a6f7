"""The text of answers, for the few logs that hold it, and requests that carry earlier answers."""

from typing import Final

import numpy as np
import polars as pl

from distillscan.simulate.grammar import LANGUAGES, draw_seeds
from distillscan.simulate.ids import concatenate
from distillscan.simulate.templates import symbol_name
from distillscan.simulate.world import Context, Ints

#: Fewest tokens of a medium, a long and a very long answer; very long ones are two long ones.
_SIZES: Final = (30, 160, 500)
_TYPICAL: Final = float(np.log(270))
_SPREAD: Final = 0.9
_ROUNDS: Final = 8
_ZH, _RU = LANGUAGES.index("zh"), LANGUAGES.index("ru")
_OK: Final = 200


def add_responses(context: Context, lines: pl.DataFrame, level: pl.Series | None = None) -> pl.DataFrame:
    """Add ``response``, the text of every answer, if the log holds it; given ones stay.

    Args:
        context: Of the part that is being built.
        lines: Its requests, with ``prompt`` and ``language`` (position in ``LANGUAGES``).
        level: Logarithm of the typical output in tokens per request.
    """
    known = lines["response"] if "response" in lines.columns else pl.Series([None] * lines.height, dtype=pl.String)
    if not context.world.responses or (lines.height and not known.null_count()):
        return lines
    rng, grammar, rows = context.replies, context.world.writer.grammar, lines.height
    typical = np.full(rows, _TYPICAL) if level is None else level.to_numpy()
    size = np.digitize(np.exp(rng.normal(typical, _SPREAD)), _SIZES)
    table = np.array([[grammar.symbols[symbol_name(one, f"answer_{name}")] for name in "smll"] for one in LANGUAGES])
    symbols = table[_tongue(lines), size]
    text = grammar.expand_each(rng, symbols)
    longest, seeds = np.flatnonzero(size == len(_SIZES)), draw_seeds(rng, rows)
    more = concatenate([text.gather(longest), "\n\n", grammar.write(symbols[longest], seeds[longest])])
    return lines.with_columns(response=pl.coalesce(known, text.scatter(longest, more)))


def _tongue(lines: pl.DataFrame) -> Ints:
    """The language to answer in: that of the prompt's script, else the account's if it is written in Latin letters."""
    foreign = pl.col("language").is_in([_ZH, _RU])
    asked = (
        pl.when(pl.col("prompt").str.contains(r"\p{Han}")).then(_ZH)
        .when(pl.col("prompt").str.contains(r"\p{Cyrillic}")).then(_RU)
        .when(foreign).then(0).otherwise("language")
    )  # fmt: skip
    found: Ints = lines.select(asked.cast(pl.Int64)).to_series().to_numpy()
    return found


def feed_back_answers(context: Context, lines: pl.DataFrame, produced: float) -> tuple[pl.DataFrame, Ints]:
    """Let some requests of a pool produce answers, and the others carry one of another account.

    Args:
        context: Of the part that is being built; its log holds answers.
        lines: Its requests; their prompts are not read.
        produced: Share of requests that only produce.

    Returns:
        The requests with ``response`` (and status 200 where it is used later), and for each request the row whose
        answer it takes: an earlier one of another account, or -1 where it produces.
    """
    rng, rows = context.rng, lines.height
    person, time = lines["person"].to_numpy(), lines["time"].to_numpy()
    produces = rng.random(rows) < produced
    sources = np.flatnonzero(produces)
    sources = sources[np.argsort(time[sources], kind="stable")]
    earlier = np.searchsorted(time[sources], time, side="left")
    taken = np.full(rows, -1)
    left = np.flatnonzero(~produces & (earlier > 0))
    for _ in range(_ROUNDS):
        drawn = sources[(rng.random(left.size) * earlier[left]).astype(np.int64)]
        fits = person[drawn] != person[left]
        taken[left[fits]] = drawn[fits]
        left = left[~fits]
    used = np.zeros(rows, np.bool_)
    used[taken[taken >= 0]] = True
    level = pl.Series(np.full(rows, _TYPICAL + 1))
    english = lines.with_columns(prompt=pl.lit(""), language=pl.lit(0, pl.Int64))
    answers = add_responses(context, english, level)["response"]
    status = pl.when(pl.Series(used)).then(pl.lit(_OK, pl.Int64))
    return lines.with_columns(response=answers, status_code=status), taken
