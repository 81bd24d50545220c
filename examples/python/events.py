"""Prints events as they happen: python3 events.py --brokers 127.0.0.1:9092

One line an event record: camera, kind, phase, when it began and how sure it is. A record that
comes again after a restart of the analysis has the same id and revision and is passed over.
The generated module flumen_pb2 is made of the project's own schema:
    python3 -m grpc_tools.protoc -I ../../crates/base/proto --python_out . flumen.proto
"""

import argparse
from collections import OrderedDict
from datetime import datetime, timezone

from confluent_kafka import Consumer, KafkaError
from google.protobuf.message import DecodeError

import flumen_pb2

# A restart of the analysis repeats what it wrote since its last checkpoint, not more.
REMEMBERED = 100_000


def arguments():
    parser = argparse.ArgumentParser(description="Prints Flumen's events from Kafka.")
    parser.add_argument("--brokers", default="127.0.0.1:9092")
    parser.add_argument("--group", default="example-events-python")
    parser.add_argument("--from", dest="start", choices=["earliest", "latest"], default="latest")
    parser.add_argument("--count", type=int, default=0, help="stop after so many lines; 0 = never")
    return parser.parse_args()


def consumer(options):
    return Consumer(
        {
            "bootstrap.servers": options.brokers,
            "group.id": options.group,
            "auto.offset.reset": options.start,
            # What an exactly-once job has not committed is not shown.
            "isolation.level": "read_committed",
            "receive.message.max.bytes": 64 * 1024 * 1024,
        }
    )


def line(event):
    begin = datetime.fromtimestamp(event.begin_us / 1e6, tz=timezone.utc)
    phase = flumen_pb2.Phase.Name(event.phase).removeprefix("PHASE_").lower()
    return f"{event.camera}\t{event.kind}\t{phase}\t{begin.isoformat()}\t{event.score}"


def main():
    options = arguments()
    seen = OrderedDict()
    events = consumer(options)
    events.subscribe(["flumen.events"])
    printed = 0
    try:
        while options.count == 0 or printed < options.count:
            message = events.poll(1.0)
            if message is None:
                continue
            if message.error():
                if message.error().code() == KafkaError._PARTITION_EOF:
                    continue
                raise SystemExit(f"Kafka at {options.brokers}: {message.error()}")
            try:
                event = flumen_pb2.Event.FromString(message.value())
            except DecodeError as error:
                print(f"offset {message.offset()}: no event: {error}")
                continue
            name = (event.id, event.revision)
            if name in seen:
                continue
            seen[name] = None
            if len(seen) > REMEMBERED:
                seen.popitem(last=False)
            print(line(event), flush=True)
            printed += 1
    except KeyboardInterrupt:
        pass
    finally:
        events.close()


if __name__ == "__main__":
    main()
