"""Lists that a source has flattened into keys with numbers: ``messages.0.role``, ``messages.0.content``, ..."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

#: Head, number and rest of a key; what comes after the rest of a longer key, or in a longer list, is nobody's message.
_KEY: Final = re.compile(r"(.+?)\.(\d{1,5})(?:\.(.{1,300}))?", re.DOTALL)


def numbered_lists(objects: Sequence[Mapping[str, Any] | None], name: str, keys: Iterable[str]) -> list[Any]:
    """Return, for each object, the list that its keys ``name.0...``, ``name.1...`` stand for; ``None`` if it has none.

    Args:
        objects: What may hold such keys.
        name: The name of the list.
        keys: All keys of all of the objects.
    """
    start = f"{name}."
    flat = [key for key in keys if key.startswith(start) and key[len(start) : len(start) + 1].isdigit()]
    if not flat:
        return [None] * len(objects)
    found = [{key: one[key] for key in flat if one.get(key) is not None} if one else {} for one in objects]
    return [_gathered(one).get(name) for one in found]


def _gathered(flat: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its numbered keys as lists, and the numbered keys below these."""
    lists: dict[str, dict[int, Any]] = {}
    found: dict[str, Any] = {}
    for key, value in flat.items():
        match = _KEY.fullmatch(key)
        if match is None:
            found[key] = value
        elif match[3] is None:
            lists.setdefault(match[1], {})[int(match[2])] = value
        else:
            item = lists.setdefault(match[1], {}).setdefault(int(match[2]), {})
            if isinstance(item, dict):
                item[match[3]] = value
    for name, items in lists.items():
        found[name] = [_gathered(one) if isinstance(one, dict) else one for _, one in sorted(items.items())]
    return found
