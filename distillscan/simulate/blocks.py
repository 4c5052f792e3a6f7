"""Build a part block by block, so that memory does not grow with the log.

What the blocks of a part have in common (a template, an organisation, proxies) is drawn with the first one, see
``Context.once``. A part that fits into one block is the same as if there were no blocks.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

from distillscan.simulate.world import Context, Part, Size

P = ParamSpec("P")
Builder = TypeVar("Builder")
BuildBlock = Callable[Concatenate[Builder, Context, Size, P], Part]
Build = Callable[Concatenate[Builder, Context, Size, P], Iterator[Part]]


def by_accounts(build: BuildBlock[Builder, P]) -> Build[Builder, P]:
    """Split a part of people who act each for themselves: every block has its own."""

    def cut(size: Size, count: int) -> list[Size]:
        count = min(count, size.accounts)
        return [
            Size(_share(size.rows, at, count), _share(size.accounts, at, count), size.first, size.last, count)
            for at in range(count)
        ]

    return _in_blocks(build, cut)


def by_rows(build: BuildBlock[Builder, P]) -> Build[Builder, P]:
    """Split a part of few busy accounts: every block has some of their requests."""

    def cut(size: Size, count: int) -> list[Size]:
        return [replace(size, rows=_share(size.rows, at, count), blocks=count) for at in range(count)]

    return _in_blocks(build, cut)


def by_time(build: BuildBlock[Builder, P]) -> Build[Builder, P]:
    """Split a part of accounts that act together: every block is a stretch of time of all of them."""

    def cut(size: Size, count: int) -> list[Size]:
        edges = [size.first + (size.last + 1 - size.first) * at // count for at in range(count + 1)]
        return [
            Size(_share(size.rows, at, count), size.accounts, edges[at], edges[at + 1] - 1, count)
            for at in range(count)
        ]

    return _in_blocks(build, cut)


def _in_blocks(build: BuildBlock[Builder, P], cut: Callable[[Size, int], list[Size]]) -> Build[Builder, P]:
    def blocks(builder: Builder, context: Context, size: Size, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Part]:
        for block in cut(size, max(1, -(-size.rows // context.world.block_rows))):
            yield build(builder, context, block, *args, **kwargs)

    return blocks


def _share(total: int, at: int, count: int) -> int:
    return total * (at + 1) // count - total * at // count
