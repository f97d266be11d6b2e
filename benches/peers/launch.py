"""Runs a program to its end: python launch.py PROGRAM [ARGUMENT…]

Prints its seconds from start to end, its peak memory in MiB and its exit status as JSON; what it
prints itself goes to standard error. This is a small process of its own because Linux counts
into a program's peak memory what the process held that started it.
"""

import json
import os
import sys
import time

started = time.perf_counter()
to_standard_error = [(os.POSIX_SPAWN_DUP2, 2, 1)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=to_standard_error)
_, status, used = os.wait4(process, 0)
seconds = time.perf_counter() - started
# Linux counts KiB.
peak_mib = used.ru_maxrss / 1024
status = os.waitstatus_to_exitcode(status)
print(json.dumps({"seconds": seconds, "peak_mib": peak_mib, "status": status}))
