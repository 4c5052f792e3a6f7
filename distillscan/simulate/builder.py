"""The protocol of cohorts and campaigns: a frozen set of options that builds its part of the log."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, ClassVar, Protocol, get_args, get_type_hints

from distillscan.errors import UsageError
from distillscan.simulate.world import Context, Part, Size


class Builder(Protocol):
    """A cohort or campaign. Its dataclass fields are the options a scenario may set."""

    #: Name of the kind in scenarios and labels.
    kind: ClassVar[str]
    #: Requests per account and day, from which the number of accounts follows if the scenario does not give it.
    rate: ClassVar[float]
    #: Fewest and most accounts, whatever the size of the log.
    limits: ClassVar[tuple[int, int]]

    def build(self, context: Context, size: Size) -> Iterator[Part]:
        """Return its accounts and requests, block by block."""
        ...


def configure(builder: type[Builder], options: dict[str, Any], where: str) -> Builder:
    """Return a builder with these options.

    Raises:
        UsageError: An option is unknown or of the wrong type; the message lists what the kind knows.
    """
    known = {field.name: field for field in fields(builder)}  # type: ignore[arg-type]  # every builder is a dataclass
    for name, value in options.items():
        if name not in known:
            message = f"{where}: {builder.kind} has no option {name!r}; it has: {', '.join(sorted(known)) or 'none'}."
            raise UsageError(message)
        choices = get_args(get_type_hints(builder)[name])
        if choices and value not in choices:
            message = f"{where}: option {name!r} is {value!r}; expected one of: {', '.join(map(str, choices))}."
            raise UsageError(message)
        default = getattr(builder(), name)
        number = isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)
        if type(value) is not type(default) and not number:
            wanted = type(default).__name__
            message = f"{where}: option {name!r} is {value!r}; expected {wanted}, such as {default!r}."
            raise UsageError(message)
    return builder(**options)
