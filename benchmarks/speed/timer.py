"""Runs the command it is given and prints what that took: a process so small that it adds nothing to the figures.

The peak memory of a process counts from what the process that started it has in use.
"""

import json
import os
import subprocess
import sys
import time


def main(words: list[str]) -> None:
    """Run the command without its output; print seconds and kilobytes as JSON, and end with its status."""
    begun = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}))
    sys.exit(process.returncode if process.returncode >= 0 else 128 - process.returncode)


if __name__ == "__main__":
    main(sys.argv[1:])
