# SPDX-License-Identifier: Apache-2.0
"""200,000 messages through `async for`, with auto-commit: resident memory must be flat.

    python -m soak.messages [MESSAGES]

https://github.com/open-telemetry/opentelemetry-python-contrib/issues/3383
"""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

from testbed.kafka import Kafka
from testbed.otlp_receiver import OtlpReceiver
from testbed.processes import Process, json_objects
from testbed.services import LAUNCHER

APPLICATION = Path(__file__).with_name("messages_application.py")
MOST_GROWTH_MIB = 8.0


def main() -> int:
    """Run; return 1 if memory has grown between the first quarter and the end."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with Kafka() as kafka, OtlpReceiver() as receiver:
        environment = {"OTEL_SERVICE_NAME": "soak", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        command = [LAUNCHER, "python", str(APPLICATION), kafka.address, f"soak.{uuid.uuid4().hex[:8]}", str(messages)]
        process = Process(command, environment)
        processed = 0
        while process.exit_code is None:
            processed += sum(span.kind == "CONSUMER" for span in receiver.spans())
            receiver.clear()  # it keeps all that arrives
            try:
                process.wait(1.0)
            except subprocess.TimeoutExpired:
                continue
        sizes = [said["resident_mib"] for said in json_objects(process.stdout)]
    print(f"{processed} spans of processing have arrived")
    print(f"resident MiB at each tenth: {sizes}")
    growth = sizes[-1] - sizes[len(sizes) // 4]
    print(f"{messages} messages, {growth:+.1f} MiB since the first quarter (at most {MOST_GROWTH_MIB:+.1f})")
    return 0 if process.exit_code == 0 and processed and growth <= MOST_GROWTH_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
