"""What was assumed while reading, collected from several threads and told in a fixed order."""

from collections import defaultdict
from threading import Lock


class Notes:
    """A set of sentences for the analyst; the same log gives the same sentences whatever the order of reading."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._counts: defaultdict[str, dict[tuple[int, int], int]] = defaultdict(dict)
        self._lock = Lock()

    def add(self, text: str) -> None:
        """Add one sentence; saying it again changes nothing."""
        with self._lock:
            self._texts.add(text)

    def count(self, template: str, where: tuple[int, int], count: int) -> None:
        """Add ``count`` rows to a sentence with a ``{count}`` in it.

        ``where`` (source and first row of the batch) makes a batch that is read twice count once.
        """
        if count:
            with self._lock:
                self._counts[template][where] = count

    def counted(self, template: str) -> int:
        """Return how many rows a sentence was counted for so far."""
        with self._lock:
            return sum(self._counts[template].values()) if template in self._counts else 0

    def texts(self) -> tuple[str, ...]:
        """Return every sentence so far, sorted."""
        with self._lock:
            counted = {text.format(count=f"{sum(by.values()):,}") for text, by in self._counts.items()}
            return tuple(sorted(self._texts | counted))
