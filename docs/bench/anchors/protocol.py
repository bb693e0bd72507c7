"""What a program says to the benchmark: first what it is and the works that it
can do. Then, for each line "WORK TIMES" that it reads, how many nanoseconds it
took to do the work so many times."""

import platform
import sys
import time

SIZES = (64, 4 << 10, 64 << 10, 1 << 20)
ROOM = 64 << 10


async def serve(version, works):
    print(f"{version} on Python {platform.python_version()}\t{' '.join(works)}", flush=True)
    for line in sys.stdin:  # blocks the event loop, in which nothing runs now
        work, times = line.split()
        start = time.perf_counter_ns()
        await works[work](int(times))
        print(time.perf_counter_ns() - start, flush=True)
