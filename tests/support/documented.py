"""The commands, links and headings of the documents, as tests read them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from tests.support.places import DOCS, ROOT

#: Every page for people: those of the repository's top, of docs/, and those beside logs and benchmarks.
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(DOCS.glob("*.md")),
    *sorted((ROOT / "sample_logs").glob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
_FENCED = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)


def page_name(page: Path) -> str:
    """The page's path in the repository, as the name of a test."""
    return str(page.relative_to(ROOT))


@dataclass(frozen=True)
class Command:
    """A ``distillscan`` command as a page prints it.

    Attributes:
        arguments: The words after ``distillscan``.
        whole: Whether it is printed to be typed (in a block), not only named in a sentence.
    """

    arguments: tuple[str, ...]
    whole: bool


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands of a page, those in blocks first, each part of a pipe by itself."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```(?:bash|sh|console)\b[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    prose = _FENCED.sub("", text)
    blocks += re.findall(r"^    ((?:\$ )?distillscan [^\n]+)", prose, flags=re.MULTILINE)
    for block in blocks:
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            yield from (Command(words, whole=True) for words in _split(line))
    for span in re.findall(r"(?<!`)`(distillscan\s[^`]+)`(?!`)", prose):
        yield from (Command(words, whole=False) for words in _split(" ".join(span.split())))


def _split(line: str) -> Iterator[tuple[str, ...]]:
    """The arguments of every ``distillscan`` in a line of shell, with ``x`` for what the shell puts in."""
    lexer = shlex.shlex(re.sub(r"\$\([^)]*\)", "x", line.removeprefix("$ ")), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if not set(word) <= set("|&;<>()"):
            words.append(word)
            continue
        if words and words[0].rpartition("/")[2] == "distillscan":
            yield tuple(words[1:])
        words = []


def parse(command: click.Command, arguments: tuple[str, ...], parent: click.Context | None = None) -> None:
    """Parse arguments as the command line does, and run nothing.

    Raises:
        click.UsageError: An option, a choice or a command does not exist, or an argument is missing.
    """
    context = command.make_context(command.name, list(arguments), parent=parent)
    rest = [*context._protected_args, *context.args]
    if isinstance(command, click.Group) and rest:
        _, inner, rest = command.resolve_command(context, rest)
        assert inner is not None
        parse(inner, tuple(rest), context)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the anchor that each relative link of a page leads to."""
    for target in re.findall(r"\]\(([^)\s]+)\)", _FENCED.sub("", page.read_text("utf-8"))):
        if "://" not in target and not target.startswith("mailto:"):
            file, _, anchor = target.partition("#")
            yield (page.parent / file if file else page), anchor


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts and the site make them."""
    headings = re.findall(r"^#{1,6} (.+)$", _FENCED.sub("", page.read_text("utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def key_tables(page: Path) -> dict[str, set[str]]:
    """Return the names in the first column of a page's tables, by the heading above."""
    found: dict[str, set[str]] = {}
    heading = ""
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ").strip("`")
        elif key := re.match(r"\| `([^`]+)` \|", line):
            found.setdefault(heading, set()).add(key[1])
    return found
