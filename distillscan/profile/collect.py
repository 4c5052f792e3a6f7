"""Collect the profile of a log in place: rows and other profiles go in, from any thread, and one profile comes out."""

import threading
from typing import Any

import numpy as np
import polars as pl

from distillscan.profile.batch import Rows, TextColumn, describe_texts
from distillscan.profile.entities import DERIVED, STATED, DerivedHashes
from distillscan.profile.kernels.arrays import I64, U64
from distillscan.profile.store.accounts import Accounts, owned
from distillscan.profile.store.activity import Activity
from distillscan.profile.store.links import Links
from distillscan.profile.store.prompts import Prompts, Systems
from distillscan.profile.tables import Profile

_NOTHING: I64 = np.zeros(0, np.int64)


class Collector:
    """The profile of everything added so far. All methods may be called from several threads at once.

    Whatever is added in whatever order and split gives the same profile: counts are sums, times are bounds, and sets
    are bottom-k samples (see ``tables``).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._columns: frozenset[str] = frozenset()
        self._accounts = Accounts()
        self._activity = Activity()
        self._links = Links()
        self._prompts = Prompts()
        self._systems = Systems()
        self._derived = {column: DerivedHashes(derive) for column, derive in DERIVED.items()}

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows of a log; see ``profile_batch``."""
        if frame.is_empty():
            return
        rows = Rows(frame)
        rows.prepare()  # outside of the lock
        with self._lock:
            self._columns |= rows.columns
            accounts = self._accounts.number(rows.accounts, frame["account_id"])
            self._accounts.add(accounts, rows.sums)
            self._add_activity(rows, accounts)
            self._add_links(rows, accounts)
            prompts = self._add_prompts(rows, accounts)
            systems = self._add_systems(rows)
        # To describe texts takes long, and other threads may add rows meanwhile.
        for column, new, facts in (
            ("prompt", prompts, self._prompts.facts),
            ("system_prompt", systems, self._systems.facts),
        ):
            if new.size:
                described = describe_texts(rows.texts[column], new)
                with self._lock:
                    facts.put(described)
        self._evict()

    def _add_activity(self, rows: Rows, accounts: I64) -> None:
        if "model" in rows.texts:
            model = rows.texts["model"]
            models = np.where(model.valid, model.hashes, np.uint64(0))
            if (new := self._activity.names.claim(model.hashes, model.valid)).size:
                names = owned(model.values.gather(new).alias("name"))
                self._activity.names.put(pl.DataFrame([pl.Series("key", model.hashes[new]), names]))
        else:
            models = np.zeros(accounts.size, np.uint64)
        self._activity.add(accounts, models, rows.hours, rows.ones)

    def _add_links(self, rows: Rows, accounts: I64) -> None:
        for name, column in rows.texts.items():
            if name in STATED:
                self._add_link(STATED[name], rows, accounts, column, column.hashes)
            elif name in DERIVED:
                derived = self._derived[name].hashes(column.values, column.hashes, column.valid)
                for kind, hashes in derived.items():
                    self._add_link(kind, rows, accounts, column, hashes)
        if "prompt" in rows.texts:
            heads, enough = rows.conversations
            self._links.add("conversation", accounts, enough, heads, rows.ones, rows.times, rows.times)
        for kind, (at, hashes) in rows.lines.items():
            times = rows.times[at]
            self._links.add(kind, accounts[at], None, hashes, np.ones(at.size, np.int64), times, times)

    def _add_link(self, kind: str, rows: Rows, accounts: I64, column: TextColumn, hashes: U64) -> None:
        new = self._links.add(kind, accounts, column.valid, hashes, rows.ones, rows.times, rows.times)
        if new.size:
            name, values = column.values.name, column.values.gather(new)
            self._links.put_values(kind, hashes[new], owned(DERIVED[name](values)[kind] if name in DERIVED else values))

    def _add_prompts(self, rows: Rows, accounts: I64) -> I64:
        if "prompt" not in rows.texts:
            return _NOTHING
        prompt = rows.texts["prompt"]
        wanted = prompt.valid & (prompt.texts.lengths > 0)
        return self._prompts.add(accounts, wanted, prompt.hashes, rows.ones, rows.times, rows.pointers)

    def _add_systems(self, rows: Rows) -> I64:
        if "system_prompt" not in rows.texts:
            return _NOTHING
        system = rows.texts["system_prompt"]
        return self._systems.add(system.hashes, system.valid & (system.texts.lengths > 0), rows.pointers)

    def _evict(self) -> None:
        """Drop facts that no sample needs any more."""
        with self._lock:
            accounts = self._accounts.count
            self._prompts.evict(accounts)
            self._links.evict(accounts)
            if self._systems.crowded:
                self._systems.retain(self._links.entities("system_prompt", accounts))

    def absorb(self, profile: Profile) -> None:
        """Add everything that another profile summarises."""
        with self._lock:
            self._columns |= profile.columns
            self._accounts.absorb(profile.accounts)
            self._activity.names.put_unknown(profile.models.rename({"model": "key"}))
            self._activity.add(
                self._numbers(profile.activity),
                _array(profile.activity["model"]),
                _array(profile.activity["hour"].cast(pl.Int64)),
                _array(profile.activity["requests"].cast(pl.Int64)),
            )
            for (kind,), entities in profile.entities.partition_by("kind", as_dict=True).items():
                self._links.absorb_values(str(kind), entities)
            for (kind,), links in profile.links.partition_by("kind", as_dict=True).items():
                self._links.add(
                    str(kind), self._numbers(links), None, _array(links["entity"]),
                    *(_array(links[name].to_physical().cast(pl.Int64)) for name in ("requests", "first", "last")),
                )  # fmt: skip
            self._absorb_prompts(profile)
        self._evict()

    def _absorb_prompts(self, profile: Profile) -> None:
        prompts = profile.prompts.rename({"prompt": "key"}).with_columns(normal=pl.lit(0, pl.UInt64))
        requests, first = (_array(prompts[name].to_physical().cast(pl.Int64)) for name in ("requests", "first"))
        pointers = _array(prompts["pointer"]).view(np.int64)
        new = self._prompts.add(self._numbers(prompts), None, _array(prompts["key"]), requests, first, pointers)
        self._prompts.facts.put(prompts[new])
        systems = profile.systems.rename({"system_prompt": "key"})
        new = self._systems.add(_array(systems["key"]), None, _array(systems["pointer"]).view(np.int64))
        self._systems.facts.put(systems[new])

    def _numbers(self, rows: pl.DataFrame) -> I64:
        return self._accounts.index.add(_array(rows["account"]))[0]

    def profile(self) -> Profile:
        """Return the profile of everything added, sorted by the keys of its tables."""
        with self._lock:
            order = self._accounts.ordered()
            accounts = self._accounts.table(order)
            links = self._links.table(order, accounts["account"])
            return Profile(
                accounts=accounts,
                links=links,
                entities=self._links.entity_table(links),
                models=self._activity.model_table(),
                activity=self._activity.table(self._accounts.index.keys),
                prompts=self._prompts.table(order, accounts["account"]),
                systems=self._systems.table(links.filter(pl.col("kind") == "system_prompt")["entity"]),
                columns=self._columns,
            )

    def estimated_bytes(self) -> int:
        """Return the bytes that the profile would take about if it were made now."""
        with self._lock:
            parts = (self._accounts, self._activity, self._links, self._prompts, self._systems.facts)
            return sum(part.bytes for part in parts)


def _array(column: pl.Series) -> Any:
    return column.to_numpy(writable=True)
