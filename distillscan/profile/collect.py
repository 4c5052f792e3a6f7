"""Collect the profile of a log in place: rows and other profiles go in, from any thread, and one profile comes out."""

import threading

import numpy as np
import polars as pl

from distillscan.compiled import I64
from distillscan.profile.batch import Rows, TextColumn, describe_texts
from distillscan.profile.entities import COLUMN_OF, DERIVE, DerivedHashes
from distillscan.profile.store.accounts import Accounts, owned
from distillscan.profile.store.activity import Activity
from distillscan.profile.store.facts import Facts
from distillscan.profile.store.links import Links
from distillscan.profile.store.prompts import Prompts, Systems
from distillscan.profile.tables import KINDS, Profile


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
        self._derived = {kind: DerivedHashes(kind) for kind in DERIVE}

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows of a log; see ``profile_batch``."""
        if frame.is_empty():
            return
        rows = Rows(frame)
        with self._lock:
            self._columns |= rows.columns
            accounts = self._accounts.number(rows.accounts, frame["account_id"])
            self._accounts.add(accounts, rows.sums)
            self._add_activity(rows, accounts)
            self._add_links(rows, accounts)
            added = self._add_texts(rows, accounts)
        # To describe texts takes long, and other threads may add rows meanwhile.
        for column, new, facts in added:
            if new.size:
                described = describe_texts(column, new)
                with self._lock:
                    facts.put(described)
        self._evict()

    def _add_activity(self, rows: Rows, accounts: I64) -> None:
        models = np.zeros(accounts.size, np.uint64)
        if model := rows.texts.get("model"):
            models = np.where(model.texts.valid, model.hashes, np.uint64(0))
            new = self._activity.names.claim(model.hashes, model.texts.valid)
            self._activity.names.put(pl.DataFrame({"key": model.hashes[new], "name": owned(model.values.gather(new))}))
        self._activity.add(accounts, models, rows.hours, rows.ones)

    def _add_links(self, rows: Rows, accounts: I64) -> None:
        for kind in KINDS:
            if column := rows.texts.get(COLUMN_OF.get(kind, kind)):
                hashes, valid = column.hashes, column.texts.valid
                if kind in DERIVE:
                    hashes = self._derived[kind].of(column.values, hashes, valid)
                new = self._links.add(kind, accounts, valid, hashes, rows.ones, rows.times)
                if new.size:
                    values = column.values.gather(new)
                    values = DERIVE[kind](values) if kind in DERIVE else values
                    self._links.put_values(kind, hashes[new], owned(values))
        for kind, (at, hashes) in rows.passages.items():
            self._links.add(kind, accounts[at], None, hashes, np.ones(at.size, np.int64), rows.times[at])

    def _add_texts(self, rows: Rows, accounts: I64) -> list[tuple[TextColumn, I64, Facts]]:
        """Add prompts and system prompts; return the rows whose text is to be described, and where to put that."""
        added = []
        if prompt := rows.texts.get("prompt"):
            new = self._prompts.add(accounts, prompt.stated, prompt.hashes, rows.ones, rows.pointers)
            added.append((prompt, new, self._prompts.facts))
        if system := rows.texts.get("system_prompt"):
            new = self._systems.add(system.hashes, system.stated, rows.pointers)
            added.append((system, new, self._systems.facts))
        return added

    def _evict(self) -> None:
        """Drop facts that no sample needs any more."""
        with self._lock:
            accounts = self._accounts.index.count
            self._prompts.evict(accounts)
            self._links.evict(accounts)
            if self._systems.facts.crowded:
                self._systems.retain(self._links.entities("system_prompt", accounts))

    def absorb(self, profile: Profile) -> None:
        """Add everything that another profile summarises."""
        with self._lock:
            self._columns |= profile.columns
            self._accounts.absorb(profile.accounts)
            self._activity.names.put_unknown(profile.models.rename({"model": "key"}))
            models, hours, requests = _whole(profile.activity, "model", "hour", "requests")
            self._activity.add(self._numbers(profile.activity), models.view(np.uint64), hours, requests)
            for (kind,), entities in profile.entities.partition_by("kind", as_dict=True).items():
                self._links.absorb_values(str(kind), entities)
            for (kind,), links in profile.links.partition_by("kind", as_dict=True).items():
                members, *counts = _whole(links, "entity", "requests", "first")
                self._links.add(str(kind), self._numbers(links), None, members.view(np.uint64), *counts)
            prompts = profile.prompts.rename({"prompt": "key"}).with_columns(normal=pl.lit(0, pl.UInt64))
            members, *counts = _whole(prompts, "key", "requests", "pointer")
            new = self._prompts.add(self._numbers(prompts), None, members.view(np.uint64), *counts)
            self._prompts.facts.put(prompts[new])
            systems = profile.systems.rename({"system_prompt": "key"})
            members, pointers = _whole(systems, "key", "pointer")
            self._systems.facts.put(systems[self._systems.add(members.view(np.uint64), None, pointers)])
        self._evict()

    def _numbers(self, rows: pl.DataFrame) -> I64:
        return self._accounts.index.add(rows["account"].to_numpy(writable=True))[0]

    def profile(self) -> Profile:
        """Return the profile of everything added, sorted by the keys of its tables."""
        with self._lock:
            order = np.argsort(self._accounts.index.keys)
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


def _whole(table: pl.DataFrame, *columns: str) -> list[I64]:
    """Columns of numbers or times as arrays of 64-bit integers."""
    return [table[name].to_physical().to_numpy().astype(np.int64) for name in columns]
