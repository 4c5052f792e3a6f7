"""Compare two reports of the same log as JSON documents, and say in sentences what differs."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

#: Characters of a value in a line about a difference.
_SHOWN: Final = 80

_Document = dict[str, Any]


def compare(recorded: _Document, now: _Document) -> tuple[tuple[str, ...], int]:
    """Compare a recorded report with a new one; both are changed on the way.

    Inputs are paired by their content, so that files may have moved; versions of the tool are not compared.

    Returns:
        What differs, a sentence each, inputs first; and how many inputs of the recorded report the new one has.
    """
    joined = [dict(document["parameters"].pop("options")).get("joins", {}) for document in (recorded, now)]
    matched = _match_inputs(recorded, now)
    return (*_inputs(recorded, now, matched), *_joined(*joined), *_sections(recorded, now)), len(matched)


def _match_inputs(recorded: _Document, now: _Document) -> list[tuple[_Document, _Document]]:
    """Pair inputs by what is in them, and call each what the report calls it, in limitations as well."""
    left = list(now["inputs"])
    pairs = []
    for one in recorded["inputs"]:
        other = next((i for i in left if i["sha256"] == one["sha256"]), None)
        if other is not None:
            left.remove(other)
            pairs.append((one, other))
    names = {other["path"]: one["path"] for one, other in pairs if other["path"] != one["path"]}
    if names:
        any_name = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
        now["limitations"] = [any_name.sub(lambda match: names[match[0]], line) for line in now["limitations"]]
        for _, other in pairs:
            other["reason"] = any_name.sub(lambda match: names[match[0]], other["reason"])
            other["path"] = names.get(other["path"], other["path"])
    return pairs


def _inputs(recorded: _Document, now: _Document, matched: Sequence[tuple[_Document, _Document]]) -> Iterator[str]:
    paired = {id(one) for pair in matched for one in pair}
    for one in recorded["inputs"]:
        if id(one) not in paired:
            yield f"input {one['path']} of the report (sha256 {one['sha256'][:16]}…) is not among the files given"
    for one in now["inputs"]:
        if id(one) not in paired:
            yield f"{one['path']} (sha256 {one['sha256'][:16]}…) is no input of the report"
    for one, other in matched:
        yield from _walk(f"input {one['path']}", one, other)


def _joined(recorded: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for joined, others, verb in (
        (recorded, now, "of the report is not among the files given with --join"),
        (now, recorded, "is none of the report's"),
    ):
        for path, digest in joined.items():
            if digest not in others.values():
                yield f"joined log {path} (sha256 {str(digest)[:16]}…) {verb}"


def _sections(recorded: _Document, now: _Document) -> Iterator[str]:
    for key in ("schema_version", "parameters", "rejected", "population", "filters"):
        yield from _walk(key, recorded[key], now[key])
    for run in (*recorded["detectors"], *now["detectors"]):
        del run["version"]
    yield from _keyed("detector", "name", recorded["detectors"], now["detectors"])
    if recorded["columns"]:  # older reports do not state them
        yield from _keyed("column", "name", recorded["columns"], now["columns"])
    yield from _keyed("cluster", "cluster_id", recorded["clusters"], now["clusters"])
    old, new = Counter[str](recorded["limitations"]), Counter[str](now["limitations"])
    yield from (f"limitation {short(text)} is in the report and does not come out" for text in old - new)
    yield from (f"limitation {short(text)} comes out and is not in the report" for text in new - old)


def _keyed(what: str, key: str, recorded: Sequence[_Document], now: Sequence[_Document]) -> Iterator[str]:
    """Compare lists whose items have a name."""
    by_name = {item[key]: item for item in now}
    for item in recorded:
        if (other := by_name.pop(item[key], None)) is None:
            yield f"{what} {item[key]} is in the report and does not come out"
        else:
            yield from _walk(f"{what} {item[key]}", item, other)
    for name in by_name:
        yield f"{what} {name} comes out and is not in the report"


def _walk(where: str, recorded: Any, now: Any) -> Iterator[str]:
    match recorded, now:
        case dict(), dict():
            for name in {**recorded, **now}:
                if name == "account_ids":
                    yield from _members(where, recorded.get(name, []), now.get(name, []))
                else:
                    yield from _walk(f"{where}.{name}", recorded.get(name), now.get(name))
        case list(), list() if len(recorded) == len(now):
            for place, (one, other) in enumerate(zip(recorded, now, strict=True)):
                yield from _walk(f"{where}[{place}]", one, other)
        case list(), list():
            yield f"{where} has {len(recorded)} entries in the report, {len(now)} now"
        case _ if recorded != now or type(recorded) is not type(now):
            yield f"{where} is {short(recorded)} in the report, {short(now)} now"


def _members(where: str, recorded: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    gone, new = set(recorded) - set(now), set(now) - set(recorded)
    for accounts, verb in ((gone, "that are not in it now"), (new, "fewer than now")):
        if accounts:
            yield f"{where} has {len(accounts)} account(s) {verb}, such as {short(min(accounts))}"
    if not gone and not new and list(recorded) != list(now):
        yield f"{where} lists its accounts in another order or twice"


def short(value: Any) -> str:
    """Return a value as JSON, cut to what a line has room for."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
