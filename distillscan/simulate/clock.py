"""When people and machines send requests: hours of the day, days of the week, pauses between turns."""

from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
#: 1970-01-01 was a Thursday; weekdays count from Monday.
_EPOCH_WEEKDAY: Final = 3
_ROUNDS: Final = 10

#: Share of activity by local hour (24 values) and by weekday (Monday first), per rhythm.
_HOURS: Final = {
    "home": (2, 1, 0.5, 0.3, 0.3, 0.5, 1, 2, 3, 4, 4, 4, 4.5, 4.5, 4.5, 5, 5.5, 6, 7, 9, 10, 10, 8, 5),
    "office": (0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 0.8, 3, 8, 11, 11, 10, 6, 9, 11, 10, 9, 6, 3, 2, 1.5, 1.2, 0.8, 0.4),
    "student": (4, 2.5, 1.2, 0.6, 0.3, 0.2, 0.4, 1, 2.5, 5, 6, 6, 5, 6, 7, 7, 6, 5, 5, 6, 8, 9, 8.5, 6.5),
    "night": (9, 9, 8, 6, 4, 2.5, 1.5, 1, 1, 1, 1.5, 2, 3, 3, 3, 3.5, 4, 4, 4.5, 5, 6, 7, 8, 9),
    "always": (1,) * 24,
    "nightly": (1, 9, 20, 14, 4, 1, *(0.2,) * 17, 0.3),
}
_WEEKDAYS: Final = {
    "home": (0.9, 0.9, 0.9, 0.9, 0.9, 1.0, 1.0),
    "office": (1.0, 1.0, 1.0, 0.97, 0.8, 0.12, 0.08),
    "student": (1.0, 1.0, 1.0, 0.9, 0.6, 0.5, 0.8),
    "night": (0.8, 0.8, 0.8, 0.8, 1.0, 1.0, 0.9),
    "always": (1.0,) * 7,
    "nightly": (1.0, 1.0, 1.0, 1.0, 1.0, 0.7, 0.7),
}
RHYTHMS: Final = tuple(_HOURS)
_HOUR_CUM: Final = np.cumsum(np.array([_HOURS[name] for name in RHYTHMS], float), axis=1)
_DAY_SHARE: Final = np.array([_WEEKDAYS[name] for name in RHYTHMS], float)


def rhythm(name: str) -> int:
    """Return the number of a rhythm in the people table."""
    return RHYTHMS.index(name)


def draw_times(rng: np.random.Generator, rhythms: Ints, offsets: Ints, first: Ints, last: Ints) -> Ints:
    """Draw one time per row in ``first..last`` (µs since the epoch, UTC) that follows the row's rhythm.

    Args:
        rng: Source of randomness.
        rhythms: Rhythm number per row.
        offsets: Minutes the row's local time is ahead of UTC.
        first: Earliest time per row.
        last: Latest time per row, not before ``first``.

    Rows whose window is too short for their rhythm get a uniform time in it.
    """
    out = first + (rng.random(first.size) * (last - first)).astype(np.int64)
    shift = offsets * MINUTE
    left = np.arange(first.size)
    for _ in range(_ROUNDS):
        base = first[left] + (rng.random(left.size) * (last[left] - first[left])).astype(np.int64)
        day = (base + shift[left]) // DAY
        mine = rhythms[left]
        keep_day = rng.random(left.size) < _DAY_SHARE[mine, (day + _EPOCH_WEEKDAY) % 7]
        aim = rng.random(left.size) * _HOUR_CUM[mine, -1]
        hour = (_HOUR_CUM[mine] <= aim[:, None]).sum(axis=1)
        time = day * DAY + hour * HOUR + (rng.random(left.size) * HOUR).astype(np.int64) - shift[left]
        fits = keep_day & (time >= first[left]) & (time <= last[left])
        out[left[fits]] = time[fits]
        left = left[~fits]
    return out


def pauses(rng: np.random.Generator, count: int, median_seconds: float) -> Ints:
    """Draw pauses between the turns of a conversation in µs, log-normal."""
    return (np.exp(rng.normal(np.log(median_seconds), 1.0, count)) * SECOND).astype(np.int64)
