"""No regular expression of the package takes more than linear time, whatever a stranger writes.

Polars' expressions are linear by construction; Python's are not, so every one is tried here.
"""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from typing import Any

import distillscan

#: Repeated, these make naive expressions try every way to split them. Each is followed by something that fails.
PIECES = (
    *("a", "A1", "1", " ", "\t", "\n", "\r\n", '"', '""', '"a', '\\"', "\\", "\\u", "\\ud83d", "\ud800", "é", "\u0301"),
    *(
        "@",
        ":",
        "a:",
        "://",
        "www",
        "#1",
        "=",
        ";=",
        "; ",
        "-",
        "_",
        ".",
        ".a",
        "labels",
        "{",
        "}",
        "[",
        "]",
        "{}",
        "()",
    ),
    *("<", ">", "`", "*", "|", "~", ",", "/", "a=", "0.0.", "key: ", "'", "\x1b[", "\x00"),
)
#: Expressions that see no text of a log: options and paths that were typed, matched from their beginning.
OPTIONS = {"distillscan.profile.memory._SIZE", "distillscan.read.inputs.remote._REMOTE"}
SHORT, LONG = 3_000, 24_000


def _patterns() -> Iterator[tuple[str, "re.Pattern[Any]"]]:
    for module in pkgutil.walk_packages(distillscan.__path__, "distillscan."):
        if module.name.startswith("distillscan.simulate") or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            found = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
            if f"{module.name}.{name}" not in OPTIONS:
                yield from ((f"{module.name}.{name}", one) for one in found if isinstance(one, re.Pattern))


def _seconds(pattern: "re.Pattern[Any]", text: str) -> float:
    given: Any = text.encode("utf-8", "surrogatepass") if isinstance(pattern.pattern, bytes) else text
    best = 9.0
    for _ in range(3):
        before = time.process_time()
        pattern.match(given)
        for _ in pattern.finditer(given):
            pass
        best = min(best, time.process_time() - before)
        if best < 0.02:
            break
    return best


def test_no_expression_of_the_package_is_superlinear() -> None:
    slow, tried = [], 0
    for name, pattern in _patterns():
        tried += 1
        for piece in PIECES:
            for before, after in (("", "\x01"), ('"', "\x01"), ("a", "!")):
                short = _seconds(pattern, before + piece * SHORT + after)
                # A square takes 64 times as long for 8 times the text: a quarter of a second for the short one tells.
                long = _seconds(pattern, before + piece * LONG + after) if short < 0.25 else 9.0
                if long > max(0.1, 20 * short):
                    slow.append(f"{name} on {piece!r}: {short:.3f} s, then {long:.2f} s")
    assert slow == []
    assert tried > 10


def test_the_test_would_see_one() -> None:
    square = re.compile(r"\S*@\S*")
    assert _seconds(square, "a" * LONG) > 20 * _seconds(square, "a" * SHORT)
