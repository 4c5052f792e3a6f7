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
#: Expressions that see the first hundred characters of a name only.
BOUNDED = {"distillscan.read.formats.csv_dialect._VALUE"}
#: Expressions that are matched once from a known place, never searched for: only that one match is timed.
AT_A_PLACE = {
    *("distillscan.read.formats.record_texts._INSIDE", "distillscan.read.formats.record_texts._BETWEEN"),
    *("distillscan.read.values.notation._TOKEN", "distillscan.read.values.numbered._KEY"),
    *("distillscan.read.values.rows._KEY", "distillscan.read.values.rows._AFTER"),
    *("distillscan.read.inputs.detect._RECORD", "distillscan.read.inputs.detect._JSON"),
    "distillscan.read.formats.csv_dialect._SEP_LINE",
    *("distillscan.read.formats.wrappers._BEFORE", "distillscan.read.formats.bulk._BEGINS"),
    *("distillscan.read.values.reprs._BLOCK", "distillscan.read.values.notation._VALUE"),
}
#: Repetitions of a piece. A square takes sixteen times as long for the long text, and 4.5 million steps or more for the
#: short one: whatever is through with that in two milliseconds is none, and need not be tried on the long one.
SHORT, LONG = 3_000, 12_000
QUICK = 0.002


def _patterns() -> Iterator[tuple[str, "re.Pattern[Any]"]]:
    for module in pkgutil.walk_packages(distillscan.__path__, "distillscan."):
        if module.name.startswith("distillscan.simulate") or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            found = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
            if f"{module.name}.{name}" not in OPTIONS | BOUNDED:
                yield from ((f"{module.name}.{name}", one) for one in found if isinstance(one, re.Pattern))


def _seconds(pattern: "re.Pattern[Any]", text: str, search: bool = True) -> float:
    given: Any = text.encode("utf-8", "surrogatepass") if isinstance(pattern.pattern, bytes) else text
    best = 9.0
    for _ in range(3):
        before = time.process_time()
        pattern.match(given)
        for _ in pattern.finditer(given) if search else ():
            pass
        best = min(best, time.process_time() - before)
        if best < 0.02:
            break
    return best


def _superlinear(pattern: "re.Pattern[Any]", before: str, piece: str, after: str, search: bool = True) -> bool:
    """Whether four times the text takes more than ten times as long."""
    short = _seconds(pattern, before + piece * SHORT + after, search)
    if short < QUICK:
        return False
    return short > 0.25 or _seconds(pattern, before + piece * LONG + after, search) > max(0.1, 10 * short)


def test_no_expression_of_the_package_is_superlinear() -> None:
    tried = list(_patterns())
    contexts = (("", "\x01"), ('"', "\x01"), ("a", "!"))
    slow = [
        f"{name} on {before!r} {piece!r} {after!r}"
        for name, pattern in tried
        for piece in PIECES
        for before, after in contexts
        if _superlinear(pattern, before, piece, after, name not in AT_A_PLACE)
    ]
    assert slow == []
    assert len(tried) > 10


def test_the_test_would_see_one() -> None:
    square, line = re.compile(r"\S*@\S*"), re.compile(r"[^@\s]{0,64}@\S*")
    assert _superlinear(square, "", "a", "")
    assert not _superlinear(line, "", "a", "")
