"""Look at a log of an unknown source and write a first schema for it, with guesses and what else is there."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from distillscan.columns import CANONICAL, REQUIRED
from distillscan.errors import InputError
from distillscan.read.bodies.request import BODY_KEYS, extract, load
from distillscan.read.bodies.response import answer
from distillscan.read.formats.chunks import Reader, Source
from distillscan.read.formats.open import open_file, recognise
from distillscan.read.options import ReadOptions
from distillscan.read.schema.hints import HINTS, normalise
from distillscan.read.schema.model import NO_SCHEMA, Schema, presets
from distillscan.read.schema.resolve import Resolution, SourcePath
from distillscan.read.values.jsontext import join_path, parse, value_text
from distillscan.read.values.text import to_text
from distillscan.sanitize import clip, visible

#: Rows looked at, paths kept, steps followed into objects, and characters of an example.
_ROWS: Final = 200
_PATHS: Final = 400
_STEPS: Final = 5
_EXAMPLE: Final = 48
_TEXTS: Final = ("system_prompt", "prompt", "response")
_HEAD: Final = """\
# A log schema for {label}, guessed from its first rows. Edit it, look at what it gives with
#   distillscan schema check THIS.toml {label}
# and use it with
#   distillscan analyze {label} --schema THIS.toml
# A path is a column, or keys below it with dots between them: user.id, messages[0].content, tags[key=ip].value.
# Several paths, as in ["user", "end_user"], are tried in this order for every row.
"""


@dataclass(frozen=True, slots=True)
class _Path:
    """A place in the records: its path, and the values found there that are not empty."""

    steps: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def path(self) -> str:
        return join_path(self.steps)

    def names(self) -> tuple[str, ...]:
        """The names hints are compared with: its last step, its last two, and all of it."""
        return tuple(normalise("".join(self.steps[-size:])) for size in (1, 2, len(self.steps)))


class _Guess:
    """What was guessed: places of the bodies, canonical column to its path, and what is left."""

    def __init__(self, bodies: Mapping[str, _Path], found: Sequence[_Path]) -> None:
        request = bodies.get("request")
        # A system prompt inside the request is found there.
        inside = request is not None and "system" in bodies and _within(bodies["system"].steps, [request.steps])
        self.bodies = {part: one for part, one in bodies.items() if part != "system" or not inside}
        taken = [one.steps for one in self.bodies.values()]
        outside = [one for one in found if not _within(one.steps, taken)]
        self.columns = _columns(outside)
        self.spare = [one for one in outside if one.path not in self.columns.values()]


def guess_schema(path: Path, label: str, name: str) -> str:
    """Return the TOML text of a schema for a file, with guesses where names or contents tell, and comments.

    Args:
        path: The file.
        label: Its name for the comments.
        name: Name of the schema.

    Raises:
        InputError: If the file cannot be read, or holds no record.
    """
    if not path.is_file() or not path.stat().st_size:
        raise InputError(f"{label} does not exist, is empty, or is no file: name one file of the log")
    reader = open_file(path, label, {}, ReadOptions(schema=NO_SCHEMA)).reader
    known = recognise(reader.columns, (one for one in presets().values() if one.kind == "log"))
    found = list(_paths(reader, label))
    if not found:
        raise InputError(f"{label} holds no record: nothing to guess from")
    bodies = {
        "request": _request(found),
        "system": _named(found, "system_prompt"),
        "response": _response(found),
    }
    guess = _Guess({part: one for part, one in bodies.items() if one is not None}, found)
    return "".join(_text(label, name, known, guess))


def _paths(reader: Reader, label: str) -> Iterator[_Path]:
    """Every place in the first rows, objects and JSON text followed by what is in them."""
    names = list(dict.fromkeys(column.name for column in reader.columns))[:_PATHS]
    resolution = Resolution({name: SourcePath(name) for name in names})
    values: dict[tuple[str, ...], dict[str, None]] = {}
    for chunk in islice(Source(0, label, reader, resolution).chunks(resolution, _ROWS), 1):
        for name in names:
            for text in to_text(chunk.columns[name]).head(_ROWS):
                _collect(values, (name,), text, inside=False)
    for steps, seen in values.items():
        if all(_usable(step) for step in steps):
            yield _Path(steps, tuple(seen))


def _usable(step: str) -> bool:
    return "" not in step.split(".") and visible(step) == step and not set(step) & set("[]")


def _collect(
    values: dict[tuple[str, ...], dict[str, None]], steps: tuple[str, ...], value: Any, *, inside: bool
) -> None:
    if len(values) >= _PATHS and steps not in values:
        return
    seen = values.setdefault(steps, {})
    text = value_text(value) if inside else value
    if text is None or text == "":
        return
    if len(seen) < _ROWS:
        seen[text] = None
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = parse(value)
        except ValueError:
            return
    if isinstance(value, dict) and len(steps) < _STEPS:
        for key, below in value.items():
            _collect(values, (*steps, key), below, inside=True)


def _columns(found: Sequence[_Path]) -> dict[str, str]:
    """Canonical column to the path whose name hints at it best; no path serves two columns."""
    columns: dict[str, str] = {}
    free = [one for one in found if not all(value[:1] in ("{", "[") for value in one.values)]
    for canonical in CANONICAL:
        best = None if canonical in _TEXTS else _best(free, canonical, _Path.names)
        if best is not None:
            free.remove(best)
            columns[canonical] = best.path
    return columns


def _best(found: Sequence[_Path], canonical: str, names: Callable[[_Path], Sequence[str]]) -> _Path | None:
    """The path one of whose names is the best hint at a canonical column; of equals the shortest, then the first."""
    hints = HINTS[canonical]
    ranked = [
        (hints.index(name), len(one.steps), at)
        for at, one in enumerate(found)
        for name in names(one)
        if name in hints and one.values
    ]
    return found[min(ranked)[2]] if ranked else None


def _request(found: Sequence[_Path]) -> _Path | None:
    """Where the request body is: the outermost place most of whose values hold messages; else the likeliest name."""
    best = [
        one for one in found if not (_hints(one, "response") or _hints(one, "system_prompt")) and _holds(one, _asks)
    ]
    return best[0] if best else _named(found, "prompt")


def _response(found: Sequence[_Path]) -> _Path | None:
    best = [one for one in found if _hints(one, "response") and _holds(one, _answers)]
    return best[0] if best else _named(found, "response")


def _asks(value: str) -> bool:
    """Whether a value is a request body or its messages, and not what they are wrapped in."""
    body, _ = load(value)
    if isinstance(body, dict) and not BODY_KEYS.intersection(body):
        return False
    asked = extract(body)
    return asked.prompt is not None and asked.problem is None


def _answers(value: str) -> bool:
    return answer(value).response is not None


def _holds(one: _Path, test: Any) -> bool:
    """Whether most values that are JSON pass a test."""
    values = [value for value in one.values if value not in ("{}", "[]")]
    bodies = [value for value in values if value[:1] in ("{", "[")]
    return 2 * len(bodies) > len(values) and 2 * sum(map(test, bodies)) > len(bodies)


def _hints(one: _Path, canonical: str) -> bool:
    return any(normalise(step) in HINTS[canonical] for step in (*one.steps, "".join(one.steps)))


def _named(found: Sequence[_Path], canonical: str) -> _Path | None:
    return _best(found, canonical, lambda one: one.names()[:1])


def _within(steps: Sequence[str], taken: Sequence[tuple[str, ...]]) -> bool:
    return any(tuple(steps[: len(one)]) == one for one in taken)


def _text(label: str, name: str, known: Schema | None, guess: _Guess) -> Iterator[str]:
    label = visible(label)
    yield _HEAD.format(label=label)
    if known is not None:
        yield f"# The file looks like one that --schema {known.name} reads already ({known.summary}).\n"
    yield f"\nname = {_quoted(name)}\nsummary = {_quoted(f'schema for {label}')}\n\n[columns]\n"
    for canonical in CANONICAL:
        if canonical in guess.columns:
            yield f"{canonical} = {_quoted(guess.columns[canonical])}\n"
        elif canonical not in _TEXTS:
            needed = "  # required: say where it is" if canonical in REQUIRED else ""
            yield f'# {canonical} = ""{needed}\n'
    yield "\n# Bodies, messages or plain text; system prompt and conversation are found in the request.\n[body]\n"
    for part in ("request", "system", "response"):
        yield f"{part} = {_quoted(guess.bodies[part].path)}\n" if part in guess.bodies else f'# {part} = ""\n'
    yield '# turns = "last"  # the last user message alone, not the conversation\n'
    if guess.spare:
        yield "\n# What else is there, with an example:\n"
        yield from (f"#   {one.path}{_example(one)}\n" for one in guess.spare)


def _example(one: _Path) -> str:
    return f"  {clip(one.values[0], _EXAMPLE)}" if one.values else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
