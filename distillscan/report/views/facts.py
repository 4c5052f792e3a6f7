"""A cluster's infrastructure and capabilities as rows to show.

Both are open mappings (a detector adds what it knows), so every shape of plain JSON has to come out readable. The shape
that shows best is ``{kind: [{"value": …, "accounts": …, "accounts_outside": …, "requests": …, "share": …}, …]}``, most
telling value first, or the same list under ``top`` beside ``distinct``, the number of values there are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from distillscan.report.views.wording import counted, number, percent

#: What an entry may call the thing it counts, best name first.
_VALUES: Final = ("value", "name", "id")
#: What an entry may call its numbers; the first name is ours.
_NUMBERS: Final = {
    "accounts": ("accounts", "accounts_inside", "inside"),
    "outside": ("accounts_outside", "outside"),
    "requests": ("requests", "count"),
    "share": ("share", "coverage"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One value the cluster touches, with the numbers known about it (raw text; views make it safe)."""

    kind: str
    value: str
    accounts: int | None = None
    outside: int | None = None
    requests: int | None = None
    share: float | None = None
    more: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """The facts of one kind, and how many values there are in all, listed or not."""

    name: str
    facts: tuple[Fact, ...]
    distinct: int


def kinds(mapping: Mapping[str, Any]) -> list[Kind]:
    """Return what is known of each kind, kinds and facts in the order given, empty ones left out."""
    found = []
    for name, content in mapping.items():
        distinct = 0
        if isinstance(content, Mapping) and isinstance(content.get("top"), Sequence):
            distinct = content.get("distinct", 0)
            content = content["top"]
        listed = tuple(_facts(name, content))
        if listed:
            found.append(Kind(name, listed, max(distinct if isinstance(distinct, int) else 0, len(listed))))
    return found


def none_shared(kind: Kind) -> bool:
    """Whether no value of this kind is on two accounts (the most used is listed first): then none tells anything."""
    return kind.distinct > 1 and all(fact.accounts is not None and fact.accounts <= 1 for fact in kind.facts)


def plain(value: Any) -> str:
    """Any plain value in one line: text as it is, numbers grouped, the rest as compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return f"{value:,.4g}"
    return json.dumps(value, ensure_ascii=False, default=str)


def _facts(kind: str, content: Any) -> list[Fact]:
    if isinstance(content, Mapping):
        return [_named(kind, name, item) for name, item in content.items()]
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_entry(kind, item) if isinstance(item, Mapping) else Fact(kind, plain(item)) for item in content]
    return [Fact(kind, plain(content))]


def _named(kind: str, name: str, item: Any) -> Fact:
    if isinstance(item, Mapping):
        return _entry(kind, {**item, "value": name})
    if isinstance(item, int) and not isinstance(item, bool):
        return Fact(kind, name, requests=item)
    if isinstance(item, float) and 0 <= item <= 1:
        return Fact(kind, name, share=item)
    return Fact(kind, name, more=plain(item))


def _entry(kind: str, entry: Mapping[str, Any]) -> Fact:
    rest = dict(entry)
    names = (*_VALUES, kind, kind.removesuffix("s"))
    value = next((rest.pop(name) for name in names if name in rest), "")
    found: dict[str, Any] = {}
    for number_name, synonyms in _NUMBERS.items():
        kinds = float | int if number_name == "share" else int
        for name in synonyms:
            if number_name not in found and isinstance(rest.get(name), kinds) and not isinstance(rest[name], bool):
                found[number_name] = rest.pop(name)
    more = ", ".join(f"{name} {plain(item)}" for name, item in rest.items())
    return Fact(kind, plain(value), more=more, **found)


def measures(fact: Fact) -> str:
    """The numbers of a fact in one phrase, for views without columns."""
    parts = [
        "" if fact.accounts is None else counted(fact.accounts, "account"),
        "" if fact.outside is None else f"{number(fact.outside)} outside",
        "" if fact.requests is None else counted(fact.requests, "request"),
        "" if fact.share is None else percent(fact.share),
        fact.more,
    ]
    return ", ".join(part for part in parts if part)
