"""Renderables as text: with ANSI colours for a terminal, or plain for files and pipes."""

import io

from rich.console import Console, RenderableType


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
