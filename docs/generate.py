"""Write the pages of docs/ that follow from the code: the commands, the parameters and the Python API.

    python docs/generate.py           # write them
    python docs/generate.py --check   # name those that are out of date, and exit with 1 if there are any

Types and defaults are shown as the source spells them, so that every version of Python writes the same page.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from inspect import getdoc
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import click
import griffe

from distillscan.cli import cli
from distillscan.detect.registry import builtin
from distillscan.parameters import Parameter, Parameters
from distillscan.report import frames

DOCS: Final = Path(__file__).resolve().parent
#: Modules whose ``__all__`` is promised to stay, in the order of the page; one that does not exist is left out.
PUBLIC_MODULES: Final = ("distillscan", "distillscan.plugin", "distillscan.testing")
#: Characters a line of help: what a code block on a code host shows without scrolling.
_HELP_WIDTH: Final = 100
_NOTE: Final = "<!-- written by docs/generate.py: change the code, not this page -->"


def commands_page() -> str:
    """Return the command reference: what every command prints for ``--help``."""
    settings = {**cli.context_settings, "terminal_width": _HELP_WIDTH}
    contexts = _contexts(click.Context(cli, info_name="distillscan", **settings))
    return "\n\n".join(
        [
            "# Commands",
            _NOTE,
            "What each command prints for `--help`.",
            *(f"## {context.command_path}\n\n```text\n{_help(context)}\n```" for context in contexts),
        ]
    )


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """The context of a command, then of the commands in it."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.commands[name]
            yield from _contexts(click.Context(command, parent=context, info_name=name, terminal_width=_HELP_WIDTH))


def _help(context: click.Context) -> str:
    return "\n".join(line.rstrip() for line in context.get_help().splitlines())


def api_page() -> str:
    """Return the reference of the Python API: every public name with its docstring, types and defaults."""
    sections = [_module(name) for name in PUBLIC_MODULES if find_spec(name)]
    return "\n\n".join(["# Python API", _NOTE, *sections, _frames()])


def _module(name: str) -> str:
    module = griffe.load(name, search_paths=[DOCS.parent], docstring_parser="google", resolve_aliases=True)
    described = [_target(module[str(public)]) for public in module.exports or []]
    functions = [_function(item, "###") for item in described if isinstance(item, griffe.Function)]
    classes = [item for item in described if isinstance(item, griffe.Class)]
    errors = [item for item in classes if "Error" in item.name]
    constants = [item for item in described if isinstance(item, griffe.Attribute) and not item.name.startswith("_")]
    return "\n\n".join(
        [
            f"## {name}",
            _text(_target(module)),
            *_list("Constants", constants),
            *functions,
            *(_class(item) for item in classes if item not in errors),
            *(_class(item) for item in errors),
        ]
    )


def _target(item: griffe.Object | griffe.Alias) -> griffe.Object:
    """What an imported name stands for."""
    return item.final_target if isinstance(item, griffe.Alias) else item


def _function(function: griffe.Function, level: str, title: str | None = None) -> str:
    """A function's signature, one parameter a line if it is long, and what its docstring says."""
    signature = str(function.signature())
    if len(signature) > _HELP_WIDTH:
        signature = _broken(function)
    return f"{level} {title or function.name}\n\n```python\n{signature}\n```\n\n{_docstring(function)}"


def _broken(function: griffe.Function) -> str:
    """A signature with every parameter on a line of its own."""
    whole = str(function.signature())
    lines, keyword_only = [], False
    for parameter in function.parameters:
        if parameter.name == "self":
            continue
        if parameter.kind is griffe.ParameterKind.keyword_only and not keyword_only:
            keyword_only = True
            lines.append("    *,")
        annotation = f": {parameter.annotation}" if parameter.annotation else ""
        default = f" = {parameter.default}" if parameter.default is not None else ""
        lines.append(f"    {parameter.name}{annotation}{default},")
    return "\n".join([f"{function.name}(", *lines, ")" + whole.rpartition(")")[2]])


def _class(described: griffe.Class) -> str:
    bases = f"({', '.join(str(base) for base in described.bases)})" if described.bases else ""
    members = [_target(member) for name, member in described.members.items() if not name.startswith("_")]
    attributes = [item for item in members if isinstance(item, griffe.Attribute)]
    properties = [item for item in attributes if "property" in item.labels]
    choices = [f"- `{item.name}`: {_spelt(item)}" for item in attributes if "Enum" in bases]
    return "\n\n".join(
        [
            f"### {described.name}",
            f"```python\nclass {described.name}{bases}\n```",
            _docstring(described),
            *(["\n".join(choices)] if choices else []),
            *_list("Properties", properties),
            *(_function(i, "####", f"{described.name}.{i.name}") for i in members if isinstance(i, griffe.Function)),
        ]
    )


def _list(title: str, items: Iterable[griffe.Attribute]) -> Iterator[str]:
    """A titled list of attributes with their types (or, of constants, values), if there are any."""
    lines = [f"- `{item.name}` (`{_type(item)}`)" + (f": {_text(item)}" if item.docstring else "") for item in items]
    if lines:
        yield "\n".join([f"{title}:", "", *lines])


def _type(item: griffe.Attribute) -> str:
    """The type of an attribute; if it has none, its value, cut where a call begins that does not fit on a line."""
    stated = str(item.annotation)
    value = " ".join(str(item.value).split())
    if stated not in ("None", "Final"):
        return stated
    return value if len(value) <= _HELP_WIDTH else f"{value.partition('(')[0]}(…)"


def _spelt(attribute: griffe.Attribute) -> str:
    """An attribute's value as the source spells it, without quotation marks."""
    return str(attribute.value).strip("'\"")


def _text(described: griffe.Object) -> str:
    return _prose(described.docstring.value) if described.docstring else ""


def _docstring(described: griffe.Object) -> str:
    """A Google-style docstring as Markdown: its text, then a list for each section."""
    sections = described.docstring.parsed if described.docstring else []
    return "\n\n".join(_section(section, described) for section in sections)


def _section(section: griffe.DocstringSection, described: griffe.Object) -> str:
    if section.kind is griffe.DocstringSectionKind.text:
        return _prose(section.value)
    titles: Mapping[griffe.DocstringSectionKind, tuple[str, Callable[[Any], str]]] = {
        griffe.DocstringSectionKind.attributes: ("Attributes", lambda item: _item(item, _default(item, described))),
        griffe.DocstringSectionKind.parameters: ("Parameters", lambda item: _item(item, "")),
        griffe.DocstringSectionKind.raises: (
            "Raises",
            lambda item: f"- `{item.annotation}`: {_prose(item.description)}",
        ),
        griffe.DocstringSectionKind.returns: ("Returns", lambda item: f"- {_prose(item.description)}"),
        griffe.DocstringSectionKind.yields: ("Yields", lambda item: f"- {_prose(item.description)}"),
        griffe.DocstringSectionKind.examples: ("Examples", lambda item: f"```python\n{item[1]}\n```"),
    }
    title, line = titles[section.kind]
    return "\n".join([f"{title}:", "", *(line(item) for item in section.value)])


def _item(item: Any, default: str) -> str:
    annotation = f" (`{item.annotation}`{default})" if item.annotation else ""
    return f"- `{item.name}`{annotation}: {_prose(item.description)}"


def _default(item: Any, described: griffe.Object) -> str:
    """How the source spells an attribute's default: ``, default `...` ``; empty if it has none."""
    member = described.members.get(item.name)
    if not isinstance(member, griffe.Attribute) or member.value is None:
        return ""
    value = re.sub(r"^field\(default_factory=(\w+)\)$", r"\1()", str(member.value))
    return f", default `{value}`"


def _frames() -> str:
    """The columns of every frame that a report gives."""
    tables = {
        "clusters": frames.CLUSTERS,
        "accounts": frames.ACCOUNTS,
        "evidence": frames.EVIDENCE,
        "entities": frames.ENTITIES,
        "timeline": frames.TIMELINE,
    }
    lines: Iterable[str] = (
        f"- `Report.{name}`: " + ", ".join(f"`{column}` ({dtype})" for column, dtype in schema.items())
        for name, schema in tables.items()
    )
    return "\n".join(["## Columns of the frames", "", *lines])


def _prose(text: str) -> str:
    """A docstring's prose as Markdown: code in single back-quotes, a paragraph on one line."""
    paragraphs = re.split(r"\n\s*\n", text.strip().replace("``", "`"))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def parameters_page() -> str:
    """Return the reference of the parameters: what ``distillscan parameters`` lists, without detectors of others."""
    detectors = builtin()
    known = Parameters.of(detectors)
    summaries = {group: _prose(getdoc(type(values)) or "").partition("\n")[0] for group, values in known.groups.items()}
    summaries |= {detector.name: f"Of the detector: {detector.summary}." for detector in detectors}
    return "\n\n".join(
        [
            "# Parameters",
            _NOTE,
            "The thresholds, caps and priors of the analysis. `--set GROUP.NAME=VALUE` changes one for a run, and the "
            "report records every value under `parameters`. `distillscan parameters` lists those of installed "
            "detectors too. [How a score is made](scoring.md) explains what they are used for.",
            *(
                "\n".join([f"## {group}", "", summaries[group], "", *_parameter_table(list(members))])
                for group, members in groupby(known.listing(), key=lambda one: one.group)
            ),
        ]
    )


def _parameter_table(parameters: list[Parameter]) -> Iterator[str]:
    yield from ("| name | default | meaning |", "|---|--:|---|")
    for one in parameters:
        yield f"| `{one.name}` | {one.default:g} | {one.help} |"


#: Name of each generated page to what writes it.
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "api.md": api_page,
    "commands.md": commands_page,
    "parameters.md": parameters_page,
}


def stale_pages() -> list[str]:
    """Return the names of generated pages that differ from what the code says."""
    return [name for name, page in PAGES.items() if not _is_current(DOCS / name, page())]


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text + "\n"


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` only name those that are out of date; return the exit code."""
    if arguments == ["--check"]:
        stale = stale_pages()
        sys.stdout.writelines(f"docs/{name} is out of date: run python docs/generate.py\n" for name in stale)
        return 1 if stale else 0
    for name, page in PAGES.items():
        (DOCS / name).write_text(page() + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
