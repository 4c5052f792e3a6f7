"""A cluster's infrastructure and capabilities as rows to show.

Both are open mappings, so every shape of plain JSON has to come out readable: ``{kind: {"distinct": n, "top": [entry,
…]}}``, ``{kind: [entry, …]}``, ``{kind: {name: number}}`` and ``{kind: value}``, where an entry is an object with a
value and numbers about it, such as ``{"value": …, "accounts": …, "accounts_outside": …, "requests": …, "share": …}``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from distillscan.result import Cluster
from distillscan.wording import counted, number, percent

#: Numbers about a value: as an entry calls them, and as a view does.
_NUMBERS: Final = {"accounts": "accounts", "accounts_outside": "outside", "requests": "requests", "share": "share"}
NUMBERS: Final = tuple(_NUMBERS.values())


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that the accounts of a cluster use; all texts are raw, views make them safe.

    ``numbers`` are ``accounts`` of the cluster, accounts ``outside``, ``requests`` and ``share`` (0..1), if known.
    """

    value: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    more: str = ""

    def cell(self, name: str) -> str:
        """Return a number as the cell of a table; empty if it is not known."""
        shown = percent if name == "share" else number
        return shown(self.numbers[name]) if name in self.numbers else ""

    def phrase(self) -> str:
        """Return everything known in one phrase, for views without columns."""
        parts = [_phrase(name, value) for name, value in self.numbers.items()]
        return ", ".join([*parts, self.more] if self.more else parts)


def _phrase(name: str, value: Any) -> str:
    if name == "share":
        return percent(value)
    return f"{number(value)} outside" if name == "outside" else counted(value, name.removesuffix("s"))


@dataclass(frozen=True, slots=True)
class FactGroup:
    """The facts of one kind, most telling first, and how many values there are in all, listed or not."""

    name: str
    facts: tuple[Fact, ...]
    distinct: int

    @property
    def none_shared(self) -> bool:
        """Whether no value is on two accounts (the most used one is listed first): then none of them tells anything."""
        return self.distinct > 1 and all(fact.numbers.get("accounts", 2) <= 1 for fact in self.facts)


def fact_groups(mapping: Mapping[str, Any]) -> list[FactGroup]:
    """Return what is known of each kind, kinds and facts in the order given, empty ones left out."""
    groups = []
    for kind, content in mapping.items():
        distinct = 0
        if isinstance(content, Mapping) and isinstance(content.get("top"), Sequence):
            content, distinct = content["top"], content.get("distinct", 0)
        facts = tuple(_facts(kind, content))
        if facts:
            total = max(distinct if isinstance(distinct, int) else 0, len(facts))
            groups.append(FactGroup(kind.replace("_", " "), facts, total))
    return groups


def cluster_facts(cluster: Cluster) -> dict[str, list[FactGroup]]:
    """Return what is known of a cluster's models and infrastructure, by title; what is empty is left out."""
    titled = {"Models and capabilities": cluster.capabilities, "Infrastructure": cluster.infrastructure}
    return {title: groups for title, mapping in titled.items() if (groups := fact_groups(mapping))}


def plain(value: Any) -> str:
    """Return any plain value in one line: text as it is, numbers grouped, the rest as compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, float):
        return f"{value:,.4g}"
    return json.dumps(value, ensure_ascii=False, default=str)


def _facts(kind: str, content: Any) -> list[Fact]:
    if isinstance(content, Mapping):
        return [_named(kind, name, item) for name, item in content.items()]
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_entry(kind, item) if isinstance(item, Mapping) else Fact(plain(item)) for item in content]
    return [Fact(plain(content))]


def _named(kind: str, name: str, item: Any) -> Fact:
    if isinstance(item, Mapping):
        return _entry(kind, {**item, "value": name})
    if isinstance(item, int) and not isinstance(item, bool):
        return Fact(name, {"requests": item})
    if isinstance(item, float) and 0 <= item <= 1:
        return Fact(name, {"share": item})
    return Fact(name, more=plain(item))


def _entry(kind: str, entry: Mapping[str, Any]) -> Fact:
    """A fact of an object: its value is under ``value``, or under the name of what it is (``model`` of ``models``)."""
    rest = dict(entry)
    value = next((rest.pop(name) for name in ("value", kind, kind.removesuffix("s")) if name in rest), "")
    numbers = {
        name: rest.pop(key)
        for key, name in _NUMBERS.items()
        if isinstance(rest.get(key), float | int if name == "share" else int) and not isinstance(rest[key], bool)
    }
    more = ", ".join(f"{name} {plain(item)}" for name, item in rest.items())
    return Fact(plain(value), numbers, more)
