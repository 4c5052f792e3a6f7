"""Merge profiles: associative, commutative and exact, so that any split of a log gives the same profile."""

from collections.abc import Sequence

import polars as pl

from distillscan.profile.tables import LINKS_KEPT, PROMPTS_KEPT, SCHEMAS, Profile, empty_profile

_FIRST = ("account_id", "value", "name", "normal", "bytes", "tokens", "intents", "language", "sketch")
_MIN = ("first", "created", "first_denied", "pointer")
_MAX = ("last", "last_served")
_KEYS = {
    "accounts": ("account",),
    "links": ("account", "kind", "entity"),
    "entities": ("kind", "entity"),
    "models": ("model",),
    "activity": ("account", "model", "hour"),
    "prompts": ("account", "prompt"),
    "systems": ("system_prompt",),
}


def _smallest(rows: pl.DataFrame, group: Sequence[str], member: str, kept: int) -> pl.DataFrame:
    """The ``kept`` rows with the smallest ``member`` of each group (all rows are distinct)."""
    crowded = rows.group_by(group).agg(pl.len().alias("members")).filter(pl.col("members") > kept).select(group)
    if crowded.is_empty():
        return rows
    few = rows.join(crowded, on=group, how="anti")
    many = (
        rows.join(crowded, on=group, how="semi").sort(*group, member).filter(pl.int_range(pl.len()).over(group) < kept)
    )
    return pl.concat([few, many])


def prune_links(links: pl.DataFrame) -> pl.DataFrame:
    """Keep the bottom-k sample of every account's entities of a kind."""
    return _smallest(links, ("account", "kind"), "entity", LINKS_KEPT)


def prune_prompts(prompts: pl.DataFrame) -> pl.DataFrame:
    """Keep the bottom-k sample of every account's distinct prompts."""
    return _smallest(prompts, ("account",), "prompt", PROMPTS_KEPT)


def _combine(name: str, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    keys = _KEYS[name]
    rows = pl.concat(parts)
    aggregates = []
    for column in SCHEMAS[name]:
        if column in keys:
            continue
        expression = pl.col(column)
        if column in _FIRST:
            aggregates.append(expression.first())
        elif column in _MIN:
            aggregates.append(expression.min())
        elif column in _MAX:
            aggregates.append(expression.max())
        else:
            aggregates.append(expression.sum())
    merged = rows.lazy().group_by(keys).agg(aggregates).collect()
    return merged.select(pl.col(column).cast(dtype) for column, dtype in SCHEMAS[name].items())


def merge(profiles: Sequence[Profile]) -> Profile:
    """Return the profile of all requests that the given profiles summarise.

    ``merge([profile(a), profile(b)])`` equals ``merge([profile(a + b)])`` for every split of the rows. The result is
    sorted by the keys of its tables and holds no entity or system prompt that no link names.
    """
    if not profiles:
        return empty_profile()
    links = prune_links(_combine("links", [p.links for p in profiles])).sort(_KEYS["links"])
    named = links.select("kind", "entity").unique()
    systems_named = links.filter(pl.col("kind") == "system_prompt").select(
        pl.col("entity").alias("system_prompt").unique()
    )
    return Profile(
        accounts=_combine("accounts", [p.accounts for p in profiles]).sort("account"),
        links=links,
        entities=_combine("entities", [p.entities for p in profiles])
        .join(named, on=["kind", "entity"], how="semi")
        .sort("kind", "entity"),
        models=_combine("models", [p.models for p in profiles]).sort("model"),
        activity=_combine("activity", [p.activity for p in profiles]).sort("account", "model", "hour"),
        prompts=prune_prompts(_combine("prompts", [p.prompts for p in profiles])).sort("account", "prompt"),
        systems=_combine("systems", [p.systems for p in profiles])
        .join(systems_named, on="system_prompt", how="semi")
        .sort("system_prompt"),
        columns=frozenset().union(*(p.columns for p in profiles)),
    )
