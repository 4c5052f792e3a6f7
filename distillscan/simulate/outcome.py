"""The outcome of each request (tokens, status, stop reason, signed reasoning), and its canonical columns."""

from typing import Final

import numpy as np
import polars as pl

from distillscan.columns import CANONICAL, TIMESTAMP
from distillscan.simulate.ids import null_unless
from distillscan.simulate.replies import add_responses
from distillscan.simulate.world import Context, Ints, Part

_STATUS: Final = ((200, 0.983), (429, 0.008), (500, 0.004), (400, 0.002), (529, 0.002), (403, 0.001))
_STOP: Final = (("end_turn", 0.94), ("tool_use", 0.035), ("max_tokens", 0.02), ("refusal", 0.005))
#: Share of signed turns that are sent twice.
_RETRIES: Final = 0.01
_BYTES_PER_TOKEN: Final = 4
_LONGEST_OUTPUT: Final = 32_000
_OK: Final = 200


def finish(context: Context, people: pl.DataFrame, lines: pl.DataFrame) -> Part:
    """Add what is missing of the outcome, and return the part in canonical columns.

    ``status_code`` may be given with nulls; ``stop_reason``, ``reasoning_signature`` and ``response`` may be given
    complete. Where the log holds answers, the output is as long as they are.
    """
    absent = [name for name in ("prompt", "system_prompt", "status_code") if name not in lines.columns]
    lines = lines.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    status = lines["status_code"].cast(pl.Int64).fill_null(pl.Series(_draw(context, _STATUS, lines.height))).to_numpy()
    if "stop_reason" not in lines.columns:
        lines = lines.with_columns(stop_reason=pl.Series(_draw(context, _STOP, lines.height)))
    if "reasoning_signature" not in lines.columns:
        lines = lines.with_columns(reasoning_signature=_signatures(context, lines))
    well = status == _OK
    tokens = _tokens(context, people, lines)
    if context.world.responses:
        lines = add_responses(context, _spoken(people, lines), people["output"].gather(lines["person"]))
        length = lines["response"].str.len_bytes().cast(pl.Int64).to_numpy() // _BYTES_PER_TOKEN
        tokens = (*tokens[:2], np.maximum(length, 1))
        lines = lines.with_columns(response=pl.when(pl.Series(well)).then("response"))
    lines = lines.with_columns(
        input_tokens=pl.Series(tokens[0]),
        cached_tokens=pl.Series(np.where(well, tokens[1], 0)),
        output_tokens=pl.Series(np.where(well, tokens[2], 0)),
        status_code=pl.Series(status),
        stop_reason=pl.when(pl.Series(well)).then("stop_reason"),
        timestamp=pl.col("time").cast(TIMESTAMP),
        account_created_at=pl.col("account_created_at").cast(TIMESTAMP),
    )
    return Part(people, canonical(lines))


def _spoken(people: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Set the language of campaigns to English, whatever the language of the country of their accounts."""
    planted = people["campaign"].is_not_null().gather(lines["person"])
    return lines.with_columns(language=pl.when(planted).then(pl.lit(0, pl.Int64)).otherwise("language"))


def _draw(context: Context, options: tuple[tuple[int | str, float], ...], rows: int) -> np.ndarray:
    values, shares = zip(*options, strict=True)
    return np.array(values)[context.rng.choice(len(values), rows, p=shares)]


def _tokens(context: Context, people: pl.DataFrame, lines: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Input, cached and output tokens: earlier turns are sent again, and long system prompts come from the cache."""
    rng, rows, turn = context.rng, lines.height, lines["turn"].to_numpy()
    system, prompt = (
        lines[name].str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy() // _BYTES_PER_TOKEN
        for name in ("system_prompt", "prompt")
    )
    history = (turn * rng.lognormal(5.7, 0.5, rows)).astype(np.int64)
    cached = np.where((turn > 0) | (rng.random(rows) < 0.5), system, 0) + np.where(turn > 1, history // 2, 0)
    length = rng.normal(people["output"].to_numpy()[lines["person"].to_numpy()], 0.9)
    return 3 + system + prompt + history, cached, np.clip(np.exp(length), 1, _LONGEST_OUTPUT).astype(np.int64)


def _signatures(context: Context, lines: pl.DataFrame) -> pl.Series:
    """Signed reasoning that a program sends back with the next turn; some requests are retried with the same one."""
    rng, rows = context.rng, lines.height
    sends = lines["whole"].to_numpy() & (lines["turn"].to_numpy() > 0) & lines["api_key_id"].is_not_null().to_numpy()
    source = np.arange(rows)
    retried = sends & np.roll(sends, 1) & (rng.random(rows) < _RETRIES)
    source = np.where(retried, source - 1, source)
    return null_unless(context.mint("sig", rows).gather(np.maximum(source, 0)), sends)


def canonical(lines: pl.DataFrame) -> pl.DataFrame:
    """Return exactly the canonical columns with their types; absent ones are null."""
    return lines.select(
        pl.col(name).cast(dtype) if name in lines.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in CANONICAL.items()
    )
