# SPDX-License-Identifier: Apache-2.0
"""Takes and commits three messages at each SIGUSR1, SIGTERM stops it: `lagging_sync.py ADDRESS TOPIC GROUP RESET CLIENT`."""

import queue
import signal
import sys
import threading

orders: "queue.SimpleQueue[bool]" = queue.SimpleQueue()
signal.signal(signal.SIGUSR1, lambda *_: orders.put(True))
signal.signal(signal.SIGTERM, lambda *_: orders.put(False))


def confluent(address: str, topic: str, group: str, reset: str) -> None:
    from confluent_kafka import Consumer

    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": group, "auto.offset.reset": reset, "enable.auto.commit": False}
    )
    consumer.subscribe([topic])
    print("started", flush=True)
    while orders.get():
        taken = 0
        while taken < 3:
            message = consumer.poll(0.5)
            taken += message is not None and message.error() is None
        consumer.commit(asynchronous=False)
        print("committed", flush=True)
    consumer.close()


def kafka(address: str, topic: str, group: str, reset: str) -> None:
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        topic, bootstrap_servers=address, group_id=group, auto_offset_reset=reset, enable_auto_commit=False
    )
    print("started", flush=True)
    while orders.get():
        for _ in range(3):
            next(consumer)
        consumer.commit()
        print("committed", flush=True)
    consumer.close()


{"confluent": confluent, "kafka": kafka}[sys.argv[5]](*sys.argv[1:5])
print("threads", [thread.name for thread in threading.enumerate() if "kafka-lag" in thread.name], flush=True)
