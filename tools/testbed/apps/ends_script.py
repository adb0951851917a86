# SPDX-License-Identifier: Apache-2.0
"""A script that works ten times, says so, and ends as its first argument says; with "async" as the second, in a loop."""

import asyncio
import sys
import time

from ends_asgi import leave_something

for _ in range(10):
    leave_something()
print("up", flush=True)
if sys.argv[1] == "exception":
    raise ValueError("as asked")
if sys.argv[1] == "normal":
    sys.exit(3)
if sys.argv[2:] == ["async"]:
    asyncio.run(asyncio.sleep(60))
time.sleep(60)
