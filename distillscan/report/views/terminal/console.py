"""What all texts for a terminal are laid out with, and how they become text: with ANSI colours, or plain for files."""

import io
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from distillscan.report.views.terminal import style

#: Indent of a section's body.
INDENT: Final = 2


def section(title: str | Text, *body: RenderableType) -> Group:
    """Return a title with its indented body."""
    return Group(Text(title, style.STRONG) if isinstance(title, str) else title, *map(indented, body))


def indented(body: RenderableType) -> Padding:
    """Return what stands below a title."""
    return Padding(body, (0, 0, 0, INDENT), expand=False)


def as_text(renderable: RenderableType, width: int, *, color: bool) -> str:
    """Return what a terminal of ``width`` columns would show.

    Without ``color`` there is no escape sequence, and no space at the end of a line.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},  # the caller has decided; nothing here depends on the environment
    )
    with console.capture() as capture:
        console.print(renderable)
    text = capture.get()
    return text if color else "\n".join(line.rstrip(" ") for line in text.split("\n"))
