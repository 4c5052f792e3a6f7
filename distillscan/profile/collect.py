"""Collect the profile of a log in place: rows and other profiles go in, from any thread, and one profile comes out."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.profile.batch import Column, Rows, wording
from distillscan.profile.entities import MADE, STATED, Translation
from distillscan.profile.store.accounts import NO_MINIMUM, Accounts, every, lower, owned
from distillscan.profile.store.activity import Activity
from distillscan.profile.store.facts import Facts
from distillscan.profile.store.index import Bools, Index
from distillscan.profile.store.samples import Samples, Table
from distillscan.profile.tables import (
    ACTIVITY,
    ENTITIES,
    KIND,
    KINDS,
    LINKS,
    LINKS_KEPT,
    MODELS,
    PRIVATE_KINDS,
    PROMPTS,
    PROMPTS_KEPT,
    SYSTEMS,
    Profile,
)
from distillscan.profile.text.kernel import I64, U32, U64

_WORDING = pl.Schema({name: dtype for name, dtype in SYSTEMS.items() if name not in ("system_prompt", "pointer")})
_VALUE = pl.Schema({"value": pl.String()})
_SIGN = np.uint64(1 << 63)
#: Bytes of a row of the accounts (with an identifier of 16 characters), of the activity, and of a sample.
_ACCOUNT_BYTES = 180
_ACTIVITY_BYTES = 24
_LINK_BYTES = 40


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
        self._models = Index()
        self._names = Facts(pl.Schema({"name": pl.String()}))
        self._links: dict[str, Samples] = {}
        self._values: dict[str, Facts] = {}
        self._translations = {column: Translation(maker) for column, maker in MADE.items()}
        self._prompts = Samples(PROMPTS_KEPT)
        self._wordings = Facts(_WORDING)
        self._systems = Systems()

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows of a log; see ``profile_batch``."""
        if frame.is_empty():
            return
        rows = Rows(frame)
        sums, requests = rows.sums, np.ones(frame.height, np.uint32)
        lines = rows.lines
        if "prompt" in rows.columns:
            rows.conversations  # noqa: B018 - worked out here, where nobody waits for it
        with self._lock:
            self._columns |= rows.columns
            codes = self._accounts.number(rows.accounts, frame["account_id"])
            self._accounts.add(codes, sums)
            self._add_activity(rows, codes, requests)
            self._add_links(rows, codes, requests)
            for kind, (at, hashes) in lines.items():
                one, times = np.ones(at.size, np.uint32), rows.times[at]
                self._sample(kind).add(codes[at], every(at.size), hashes, one, times, times)
            prompts = self._add_prompts(rows, codes, requests)
            systems = self._add_systems(rows)
        self._describe(rows, prompts, systems)
        self._forget()

    def _describe(self, rows: Rows, prompts: I64, systems: I64) -> None:
        """State the wording of texts that were claimed; this takes long, so others may go on meanwhile."""
        for column, at, facts in (("prompt", prompts, self._wordings), ("system_prompt", systems, self._systems.facts)):
            if at.size:
                known = wording(rows.texts[column], at)
                with self._lock:
                    facts.put(known)

    def _add_activity(self, rows: Rows, codes: I64, requests: U32) -> None:
        if "model" in rows.columns:
            model = rows.texts["model"]
            fresh = self._names.claim(model.hashes, model.valid)
            if fresh.size:
                names = owned(model.values.gather(fresh).alias("name"))
                self._names.put(pl.DataFrame([pl.Series("key", model.hashes[fresh]), names]))
            hashes = np.where(model.valid, model.hashes, np.uint64(0))
        else:
            hashes = np.zeros(codes.size, np.uint64)
        models = self._models.add(hashes, every(codes.size))[0]
        self._activity.add(codes, models, rows.hours, requests)

    def _sample(self, kind: str) -> Samples:
        if kind not in self._links:
            self._links[kind] = Samples(LINKS_KEPT)
            self._values[kind] = Facts(_VALUE)
        self._links[kind].reserve(self._accounts.count)
        return self._links[kind]

    def _add_links(self, rows: Rows, codes: I64, requests: U32) -> None:
        for name, column in rows.texts.items():
            if name in STATED:
                self._add_link(STATED[name], rows, codes, requests, column, column.hashes)
            elif name in MADE:
                made = self._translations[name].hashes(column.values, column.hashes, column.valid)
                for kind, hashes in made.items():
                    self._add_link(kind, rows, codes, requests, column, hashes)

    def _add_link(self, kind: str, rows: Rows, codes: I64, requests: U32, column: Column, hashes: U64) -> None:
        new = self._sample(kind).add(codes, column.valid, hashes, requests, rows.times, rows.times)
        if kind in PRIVATE_KINDS or not new.size:
            return
        new = new[self._values[kind].claim(hashes[new], every(new.size))]
        if new.size:
            values = column.values.gather(new)
            if column.values.name in MADE:
                values = MADE[column.values.name](values)[kind]
            self._values[kind].put(pl.DataFrame([pl.Series("key", hashes[new]), owned(values.alias("value"))]))

    def _add_prompts(self, rows: Rows, codes: I64, requests: U32) -> I64:
        if "prompt" not in rows.columns:
            return np.zeros(0, np.int64)
        heads, enough = rows.conversations
        self._sample("conversation").add(codes, enough, heads, requests, rows.times, rows.times)
        prompt = rows.texts["prompt"]
        asked = prompt.valid & (prompt.texts.lengths > 0)
        self._prompts.reserve(self._accounts.count)
        new = self._prompts.add(codes, asked, prompt.hashes, requests, rows.times, _falling(rows.pointers))
        return new[self._wordings.claim(prompt.hashes[new], every(new.size))]

    def _add_systems(self, rows: Rows) -> I64:
        if "system_prompt" not in rows.columns:
            return np.zeros(0, np.int64)
        system = rows.texts["system_prompt"]
        return self._systems.add(system.hashes, system.valid & (system.texts.lengths > 0), rows.pointers)

    def _forget(self) -> None:
        """Drop facts that no sample needs any more."""
        accounts = self._accounts.count
        with self._lock:
            if self._wordings.crowded:
                self._wordings.retain(self._prompts.members(accounts))
            for kind, facts in self._values.items():
                if facts.crowded:
                    facts.retain(self._links[kind].members(accounts))
            if self._systems.crowded:
                self._systems.retain(self._links["system_prompt"].members(accounts))

    def absorb(self, profile: Profile) -> None:
        """Add everything that another profile summarises."""
        with self._lock:
            self._columns |= profile.columns
            self._accounts.absorb(profile.accounts)
            self._absorb_activity(profile)
            for (kind,), links in profile.links.partition_by("kind", as_dict=True).items():
                codes, times = self._codes(links), [_micros(links[name]) for name in ("first", "last")]
                self._sample(str(kind)).add(
                    codes, every(codes.size), _numpy(links["entity"]), _numpy(links["requests"]), *times
                )
            for (kind,), entities in profile.entities.partition_by("kind", as_dict=True).items():
                _state(self._values[str(kind)], entities.rename({"entity": "key"}))
            codes = self._codes(profile.prompts)
            self._prompts.reserve(self._accounts.count)
            self._prompts.add(
                codes, every(codes.size), _numpy(profile.prompts["prompt"]), _numpy(profile.prompts["requests"]),
                _micros(profile.prompts["first"]), _falling(_numpy(profile.prompts["pointer"])),
            )  # fmt: skip
            normal = pl.lit(0, pl.UInt64).alias("normal")
            _state(self._wordings, profile.prompts.rename({"prompt": "key"}).with_columns(normal))
            systems = profile.systems.rename({"system_prompt": "key"})
            keys = _numpy(systems["key"])
            new = self._systems.add(keys, every(keys.size), _numpy(systems["pointer"]))
            self._systems.facts.put(systems[new])
        self._forget()

    def _codes(self, rows: pl.DataFrame) -> I64:
        hashes = _numpy(rows["account"])
        return self._accounts.index.add(hashes, every(hashes.size))[0]

    def _absorb_activity(self, profile: Profile) -> None:
        _state(self._names, profile.models.rename({"model": "key"}))
        rows = profile.activity
        models = _numpy(rows["model"])
        self._activity.add(
            self._codes(rows),
            self._models.add(models, every(models.size))[0],
            _numpy(rows["hour"].cast(pl.Int64)),
            _numpy(rows["requests"]),
        )

    def profile(self) -> Profile:
        """Return the profile of everything added, sorted by the keys of its tables."""
        with self._lock:
            order = self._accounts.ordered()
            accounts = self._accounts.table(order)
            links = self._link_table(order, accounts["account"])
            return Profile(
                accounts=accounts,
                links=links,
                entities=self._entity_table(links),
                models=self._model_table(),
                activity=self._activity_table(),
                prompts=self._prompt_table(order, accounts["account"]),
                systems=self._systems.table(links.filter(pl.col("kind") == "system_prompt")["entity"]),
                columns=self._columns,
            )

    def estimated_bytes(self) -> int:
        """Return the bytes that the profile would take about if it were made now."""
        with self._lock:
            samples = [*self._links.values(), self._prompts]
            facts = [*self._values.values(), self._wordings, self._systems.facts]
            rows = self._accounts.count * _ACCOUNT_BYTES + self._activity.cells()[0].size * _ACTIVITY_BYTES
            return rows + sum(one.used * _LINK_BYTES for one in samples) + sum(one.bytes for one in facts)

    def _link_table(self, order: I64, accounts: pl.Series) -> pl.DataFrame:
        kinds = [kind for kind in KINDS if kind in self._links]
        for kind in kinds:
            self._sample(kind)
        sizes = [self._links[kind].sizes(order) for kind in kinds]
        total = np.sum(sizes, axis=0, dtype=np.int64) if kinds else np.zeros(0, np.int64)
        places = np.cumsum(total) - total
        table, codes = Table(int(total.sum())), np.empty(int(total.sum()), np.uint8)
        for kind, size in zip(kinds, sizes, strict=True):
            codes[_spans(places, size)] = KINDS.index(kind)
            self._links[kind].lay_out(order, places, table)
            places = places + size
        return _frame(
            LINKS,
            account=accounts.gather(table.who),
            kind=pl.Series(codes).cat.to(KIND),
            entity=table.member,
            requests=table.requests,
            first=table.low,
            last=table.high,
        )

    def _entity_table(self, links: pl.DataFrame) -> pl.DataFrame:
        parts = [ENTITIES.to_frame()]
        for kind in KINDS:
            if kind in self._links and kind not in PRIVATE_KINDS:
                keys = links.filter(pl.col("kind") == kind).select(key=pl.col("entity").unique().sort())
                known = self._values[kind].of(keys)
                parts.append(known.select(pl.lit(kind, KIND).alias("kind"), entity="key", value="value"))
        return pl.concat(parts)

    def _model_table(self) -> pl.DataFrame:
        keys = pl.Series("key", self._models.keys).sort().to_frame()
        return self._names.of(keys).drop_nulls().select(model="key", name="name").cast(MODELS)

    def _activity_table(self) -> pl.DataFrame:
        account, model, hour, requests = self._activity.cells()
        order = _order(_ranks(self._accounts.index.keys)[account], _ranks(self._models.keys)[model], hour)
        return _frame(
            ACTIVITY,
            account=self._accounts.index.keys[account[order]],
            model=self._models.keys[model[order]],
            hour=hour[order],
            requests=requests[order],
        )

    def _prompt_table(self, order: I64, accounts: pl.Series) -> pl.DataFrame:
        self._prompts.reserve(self._accounts.count)
        table = self._prompts.table(order)
        rows = pl.DataFrame(
            {
                "account": accounts.gather(table.who),
                "key": table.member,
                "requests": table.requests,
                "first": table.low,
                "pointer": _rising(table.high),
            }
        )
        return self._wordings.of(rows).select(
            pl.col("key" if name == "prompt" else name).cast(dtype).alias(name) for name, dtype in PROMPTS.items()
        )


class Systems:
    """System prompts: where each stands first, and its wording."""

    def __init__(self) -> None:
        self.facts = Facts(_WORDING)
        self._index = Index()
        self._pointers: I64 = np.zeros(0, np.int64)
        self._kept = 0

    def add(self, hashes: U64, asked: Bools, pointers: U64) -> I64:
        """Take rows; return those that state a system prompt for the first time."""
        codes, fresh = self._index.add(hashes, asked)
        self._pointers = np.concatenate([self._pointers, np.full(fresh.size, NO_MINIMUM, np.int64)])
        lower(self._pointers, codes[asked], _signed(pointers)[asked])
        return fresh

    @property
    def crowded(self) -> bool:
        """Whether ``retain`` should be called."""
        return self.facts.crowded

    def retain(self, used: U64) -> None:
        """Forget the system prompts that are not in ``used``."""
        self.facts.retain(used)
        kept = np.flatnonzero(np.isin(self._index.keys, used))
        keys, self._pointers, self._index = self._index.keys[kept], self._pointers[kept], Index()
        self._index.add(keys, every(keys.size))

    def table(self, used: pl.Series) -> pl.DataFrame:
        """Return those in ``used`` (``SYSTEMS``)."""
        known = pl.DataFrame({"key": self._index.keys, "pointer": _unsigned(self._pointers)})
        keys = known.filter(pl.col("key").is_in(used.unique().implode())).sort("key")
        return self.facts.of(keys).select(
            pl.col("key" if name == "system_prompt" else name).cast(dtype).alias(name)
            for name, dtype in SYSTEMS.items()
        )


def _state(facts: Facts, rows: pl.DataFrame) -> None:
    """State what is known of the keys in ``rows``, each once."""
    keys = _numpy(rows["key"])
    facts.put(rows[facts.claim(keys, every(keys.size))])


def _frame(schema: pl.Schema, **columns: object) -> pl.DataFrame:
    return pl.DataFrame({name: columns[name] for name in schema}).cast(schema)


def _numpy(column: pl.Series) -> Any:
    return column.to_numpy(writable=True)


def _micros(column: pl.Series) -> I64:
    times: I64 = _numpy(column.to_physical())
    return times


def _spans(starts: I64, sizes: I64) -> I64:
    """All places from each start on, as many as the size says."""
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.repeat(starts, sizes) + within


def _ranks(keys: U64) -> I64:
    """The place of each key among all in ascending order."""
    ranks = np.empty(keys.size, np.int64)
    ranks[np.argsort(keys)] = np.arange(keys.size)
    return ranks


def _order(accounts: I64, models: I64, hours: npt.NDArray[np.int32]) -> I64:
    """The order by account, model and hour; of one number made of the three if 63 bits can hold it."""
    if not hours.size:
        return np.zeros(0, np.int64)
    since = hours - hours.min().astype(np.int64)
    bits = [int(part.max()).bit_length() for part in (models, since)]
    if int(accounts.max()).bit_length() + sum(bits) < 64:
        return np.argsort(accounts << sum(bits) | models << bits[1] | since)
    return np.lexsort((hours, models, accounts))


def _signed(pointers: U64) -> I64:
    """Pointers as signed numbers in the same order."""
    return (pointers ^ _SIGN).view(np.int64)


def _unsigned(values: I64) -> U64:
    return values.view(np.uint64) ^ _SIGN


def _falling(pointers: U64) -> I64:
    """Pointers as signed numbers in reverse order, so that the largest is the first row."""
    return ~_signed(pointers)


def _rising(values: I64) -> U64:
    return _unsigned(~values)
