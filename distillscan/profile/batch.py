"""Profile one batch of canonical rows: the first of the two functions that carry everything else."""

import polars as pl

from distillscan.columns import ROW, SOURCE, TIMESTAMP
from distillscan.profile.intents import intents_of
from distillscan.profile.languages import languages_of
from distillscan.profile.merge import prune_links, prune_prompts
from distillscan.profile.strings import hash_column, hash_heads, sketch_column
from distillscan.profile.tables import (
    ACCOUNTS,
    ACTIVITY,
    CONVERSATION_HEAD,
    ENTITIES,
    KIND,
    LINKS,
    MODELS,
    PRIVATE_KINDS,
    PROMPTS,
    SQUARE_LIMIT,
    SYSTEMS,
    Profile,
    empty_profile,
)

#: Entity kind to the canonical column that states it, for kinds that are a column as it is.
_STATED = {
    "asn": "asn",
    "country": "country",
    "tls": "tls_fingerprint",
    "user_agent": "user_agent",
    "device": "device_id",
    "payment": "payment_id",
    "org": "org_id",
    "plan": "plan",
    "account_type": "account_type",
    "pathway": "pathway",
    "api_key": "api_key_id",
    "session": "session_id",
    "reasoning_signature": "reasoning_signature",
}
_REFUSALS = ("refusal", "content_filter", "content_filtered", "safety", "guardrail_intervened", "blocked")
_POINTER_BITS = 40


def pointer() -> pl.Expr:
    """Where a row is, in one number: the input in the upper bits, the record in the lower 40."""
    return (pl.col(SOURCE).cast(pl.UInt64) * (1 << _POINTER_BITS) + pl.col(ROW).cast(pl.UInt64)).alias("pointer")


def split_pointer(column: str = "pointer") -> list[pl.Expr]:
    """Undo ``pointer``: the columns ``source`` and ``row``."""
    return [
        (pl.col(column) // (1 << _POINTER_BITS)).cast(pl.UInt32).alias(SOURCE),
        (pl.col(column) % (1 << _POINTER_BITS)).cast(pl.UInt64).alias(ROW),
    ]


def address(column: str = "ip") -> pl.Expr:
    """An address as one subscriber has it: IPv4 whole, IPv6 by its /64 (hosts rotate the rest, RFC 8981)."""
    text = pl.col(column).str.strip_chars().str.to_lowercase().str.replace(r"^::ffff:(\d+\.)", "${1}")
    groups = text.str.split("::").list.first().str.split(":").list.head(4).list.join(":")
    return pl.when(text.str.contains(":", literal=True)).then(groups + "::/64").otherwise(text)


def prefix(column: str = "ip") -> pl.Expr:
    """The network an address is announced in, roughly: IPv4 /24, IPv6 /48."""
    text = address(column)
    six = text.str.strip_suffix("::/64").str.split(":").list.head(3).list.join(":") + "::/48"
    four = text.str.replace(r"\.[^.]*$", ".0/24")
    return pl.when(text.str.contains(":", literal=True)).then(six).otherwise(four)


def _entities_of(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Entity kind to its text value per row."""
    values = {kind: frame[column] for kind, column in _STATED.items() if column in frame.columns}
    if "ip" in frame.columns:
        distinct = frame.select(pl.col("ip").unique(maintain_order=True)).with_columns(
            address().alias("host"), prefix().alias("net")
        )
        joined = frame.select("ip").join(distinct, on="ip", how="left", maintain_order="left")
        values |= {"ip": joined["host"], "ip_prefix": joined["net"]}
    if "user_agent" in frame.columns:
        distinct = frame.select(pl.col("user_agent").unique(maintain_order=True)).with_columns(
            pl.col("user_agent").str.replace_all(r"\d+", "#").alias("client")
        )
        values["client"] = frame.select("user_agent").join(
            distinct, on="user_agent", how="left", maintain_order="left"
        )["client"]
    if "email_domain" in frame.columns:
        values["email_domain"] = frame["email_domain"].str.strip_chars().str.to_lowercase()
    return {kind: values[kind] for kind in KIND.categories if kind in values}


def _nonempty(frame: pl.DataFrame) -> frozenset[str]:
    return frozenset(c for c in frame.columns if c not in (SOURCE, ROW) and frame[c].null_count() < frame.height)


def _accounts(frame: pl.DataFrame) -> pl.DataFrame:
    def column(name: str, dtype: pl.DataType) -> pl.Expr:
        return pl.col(name) if name in frame.columns else pl.lit(None, dtype)

    size = column("prompt", pl.String()).str.len_bytes().cast(pl.UInt64)
    output = column("output_tokens", pl.Int64()).clip(0).cast(pl.UInt64)
    status = column("status_code", pl.Int64())
    reason = column("stop_reason", pl.String())
    return (
        frame.lazy()
        .select(
            "account",
            "account_id",
            "timestamp",
            column("account_created_at", TIMESTAMP).alias("created"),
            column("input_tokens", pl.Int64()).clip(0).cast(pl.UInt64).alias("input"),
            output.alias("output"),
            output.clip(0, SQUARE_LIMIT).pow(2).cast(pl.UInt64).alias("output_square"),
            size.alias("size"),
            size.clip(0, SQUARE_LIMIT).pow(2).cast(pl.UInt64).alias("size_square"),
            status.is_in([401, 403]).fill_null(False).alias("denied"),
            (status == 429).fill_null(False).alias("limited"),
            (status >= 400).fill_null(False).alias("error"),
            reason.str.to_lowercase().is_in(_REFUSALS).fill_null(False).alias("refused"),
        )
        .group_by("account")
        .agg(
            pl.col("account_id").first(),
            pl.len().alias("requests"),
            pl.col("timestamp").min().alias("first"),
            pl.col("timestamp").max().alias("last"),
            pl.col("created").min(),
            pl.col("input").sum().alias("input_tokens"),
            pl.col("output").sum().alias("output_tokens"),
            pl.col("output_square").sum().alias("output_squares"),
            pl.col("output").count().alias("with_output"),
            pl.col("size").sum().alias("prompt_bytes"),
            pl.col("size_square").sum().alias("prompt_squares"),
            pl.col("size").count().alias("with_prompt"),
            pl.col("denied").sum(),
            pl.col("limited").sum(),
            (pl.col("error") & ~pl.col("denied") & ~pl.col("limited")).sum().alias("failed"),
            pl.col("refused").sum(),
            pl.col("timestamp").filter(~pl.col("error")).max().alias("last_served"),
            pl.col("timestamp").filter(pl.col("denied")).min().alias("first_denied"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in ACCOUNTS.items())
        .collect()
    )


def _links(frame: pl.DataFrame, hashes: dict[str, pl.Series]) -> pl.DataFrame:
    """Collapse the rows to the distinct combinations of account and entities, then count each kind on these few."""
    combined = frame.select("account", "timestamp").with_columns(hashes[kind].alias(kind) for kind in hashes)
    kinds = list(hashes)
    few = (
        combined.lazy()
        .group_by("account", *kinds)
        .agg(
            pl.len().alias("requests"),
            pl.col("timestamp").min().alias("first"),
            pl.col("timestamp").max().alias("last"),
        )
        .collect()
    )
    parts = [
        few.lazy()
        .filter(pl.col(kind).is_not_null())
        .group_by("account", pl.col(kind).alias("entity"))
        .agg(pl.col("requests").sum(), pl.col("first").min(), pl.col("last").max())
        .with_columns(pl.lit(kind, KIND).alias("kind"))
        .select(pl.col(name).cast(dtype) for name, dtype in LINKS.items())
        for kind in kinds
    ]
    return prune_links(pl.concat(pl.collect_all(parts))) if parts else LINKS.to_frame()


def _conversations(frame: pl.DataFrame) -> pl.DataFrame:
    """Links to the beginnings of prompts: most are new with every conversation, so they are counted apart."""
    if "prompt" not in frame.columns:
        return LINKS.to_frame()
    found = (
        frame.lazy()
        .select("account", "timestamp", hash_heads(frame["prompt"], CONVERSATION_HEAD).alias("entity"))
        .filter(pl.col("entity").is_not_null())
        .group_by("account", "entity")
        .agg(
            pl.len().alias("requests"),
            pl.col("timestamp").min().alias("first"),
            pl.col("timestamp").max().alias("last"),
        )
        .with_columns(pl.lit("conversation", KIND).alias("kind"))
        .select(pl.col(name).cast(dtype) for name, dtype in LINKS.items())
        .collect()
    )
    return prune_links(found)


def _values(hashes: dict[str, pl.Series], values: dict[str, pl.Series], links: pl.DataFrame) -> pl.DataFrame:
    """The text of every entity that a link still names."""
    parts = []
    for kind, column in hashes.items():
        if kind in PRIVATE_KINDS:
            continue
        kept = links.filter(pl.col("kind") == kind).select(pl.col("entity").unique())
        seen = pl.DataFrame({"entity": column, "value": values[kind]}).unique(
            "entity", keep="first", maintain_order=True
        )
        parts.append(kept.join(seen, on="entity").select(pl.lit(kind, KIND).alias("kind"), "entity", "value"))
    return pl.concat(parts) if parts else ENTITIES.to_frame()


def _activity(frame: pl.DataFrame, model: pl.Series) -> pl.DataFrame:
    hour = (pl.col("timestamp").dt.epoch("s") // 3600).cast(pl.Int32).alias("hour")
    return (
        frame.lazy()
        .select("account", model.fill_null(0).alias("model"), hour)
        .group_by("account", "model", "hour")
        .agg(pl.len().alias("requests"))
        .select(pl.col(name).cast(dtype) for name, dtype in ACTIVITY.items())
        .collect()
    )


def _prompts(frame: pl.DataFrame) -> pl.DataFrame:
    if "prompt" not in frame.columns:
        return PROMPTS.to_frame()
    rows = (
        frame.select("account", "timestamp", pointer(), hash_column(frame["prompt"]).alias("prompt"))
        .with_columns(frame["prompt"].str.len_bytes().alias("bytes"))
        .with_row_index("at")
        .lazy()
        .filter(pl.col("bytes") > 0)
        .group_by("account", "prompt")
        .agg(
            pl.len().alias("requests"),
            pl.col("timestamp").min().alias("first"),
            pl.col("pointer").min(),
            pl.col("bytes").first(),
            pl.col("at").min(),
        )
        .collect()
    )
    sampled = prune_prompts(rows)
    return _with_sketch(sampled, frame["prompt"], "prompt").select(
        pl.col(name).cast(dtype) for name, dtype in PROMPTS.items()
    )


def _with_sketch(rows: pl.DataFrame, texts: pl.Series, key: str) -> pl.DataFrame:
    """Add what is known of the wording to rows that name a text by hash (``key``) and position (``at``)."""
    distinct = rows.select(key, "at").unique(key, keep="first", maintain_order=True).sort("at")
    chosen = texts.gather(distinct["at"])
    traits = [distinct[key], intents_of(chosen).alias("intents"), languages_of(chosen).alias("language")]
    sketches = pl.concat([pl.DataFrame(traits), sketch_column(texts, distinct["at"])], how="horizontal")
    return rows.join(sketches, on=key, how="left", maintain_order="left")


def _systems(frame: pl.DataFrame, hashes: pl.Series) -> pl.DataFrame:
    """The table of distinct system prompts."""
    distinct = (
        frame.select(pointer(), hashes.alias("system_prompt"), frame["system_prompt"].str.len_bytes().alias("bytes"))
        .with_row_index("at")
        .filter(pl.col("bytes") > 0)
        .group_by("system_prompt")
        .agg(pl.col("pointer").min(), pl.col("bytes").first(), pl.col("at").min())
    )
    sketched = _with_sketch(distinct, frame["system_prompt"], "system_prompt")
    return sketched.select(pl.col(name).cast(dtype) for name, dtype in SYSTEMS.items())


def profile_batch(frame: pl.DataFrame) -> Profile:
    """Summarise rows of a log.

    Args:
        frame: Columns ``source`` and ``row`` and canonical columns (``distillscan.columns``) in their canonical types;
            ``timestamp`` and ``account_id`` without nulls.

    Returns:
        Their profile, unsorted (``merge`` sorts).
    """
    if frame.is_empty():
        return empty_profile()
    columns = _nonempty(frame)
    frame = frame.select(SOURCE, ROW, *sorted(columns)).with_columns(hash_column(frame["account_id"]).alias("account"))
    values = _entities_of(frame)
    hashes = {kind: hash_column(column) for kind, column in values.items()}
    systems = SYSTEMS.to_frame()
    if "system_prompt" in columns:
        hashes["system_prompt"] = hash_column(frame["system_prompt"])
        systems = _systems(frame, hashes["system_prompt"])
    model = (
        hash_column(frame["model"]) if "model" in columns else pl.repeat(0, frame.height, dtype=pl.UInt64, eager=True)
    )
    models = MODELS.to_frame()
    if "model" in columns:
        models = pl.DataFrame({"model": model, "name": frame["model"]}).drop_nulls().unique("model", keep="any")
    links = pl.concat([_links(frame, hashes), _conversations(frame)])
    return Profile(
        accounts=_accounts(frame),
        links=links,
        entities=_values(hashes, values, links),
        models=models,
        activity=_activity(frame, model),
        prompts=_prompts(frame),
        systems=systems,
        columns=columns,
    )
