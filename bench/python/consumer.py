"""The usual consumer: reads JPEGs from Kafka and finds what moves with OpenCV.

    python3 consumer.py --brokers 127.0.0.1:9092 --topic bench.jpeg --count 2000

Decode, background subtraction (MOG2), clean-up (median, opening, closing), connected components
with boxes. One thread, as a frame-a-core figure needs; the first --warm frames are not counted.
--scale 0.25 works on a quarter of the width, as careful users do.
Prints one line of JSON: frames, boxes, bytes, CPU seconds of this process while it counted.
"""

import argparse
import json
import time

import cv2
import numpy
from confluent_kafka import Consumer, KafkaError, KafkaException


def arguments():
    parser = argparse.ArgumentParser(description="Finds moving things in JPEGs from Kafka.")
    parser.add_argument("--brokers", default="127.0.0.1:9092")
    parser.add_argument("--topic", default="bench.jpeg")
    parser.add_argument("--count", type=int, required=True, help="frames on the topic")
    parser.add_argument("--warm", type=int, default=0, help="frames before counting begins")
    parser.add_argument("--scale", type=float, default=1.0)
    return parser.parse_args()


def records(options):
    consumer = Consumer(
        {
            "bootstrap.servers": options.brokers,
            "group.id": f"bench-python-{time.time_ns()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
            "queued.max.messages.kbytes": 16 << 10,
            "fetch.queue.backoff.ms": 10,
            "receive.message.max.bytes": 64 << 20,
        }
    )
    consumer.subscribe([options.topic])
    for _ in range(options.count):
        message = consumer.poll(60)
        if message is None:
            raise SystemExit(f"{options.topic}: nothing came for 60 s")
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            continue
        yield message.value()
    consumer.close()


class Detector:
    """What moves in a picture, as boxes."""

    def __init__(self, scale):
        self.scale = scale
        self.background = cv2.createBackgroundSubtractorMOG2(history=500, detectShadows=True)
        self.small = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
        self.large = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))

    def boxes(self, jpeg):
        picture = cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)
        if self.scale != 1.0:
            picture = cv2.resize(picture, None, None, self.scale, self.scale, cv2.INTER_AREA)
        mask = self.background.apply(picture)
        mask = cv2.threshold(mask, 200, 255, cv2.THRESH_BINARY)[1]  # 127 is shadow
        mask = cv2.medianBlur(mask, 5)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, self.small)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, self.large)
        _, _, found, _ = cv2.connectedComponentsWithStats(mask)
        smallest = mask.size // 4000
        return [row for row in found[1:] if row[cv2.CC_STAT_AREA] >= smallest]


def main():
    options = arguments()
    cv2.setNumThreads(1)
    detector = Detector(options.scale)
    begin = time.process_time()
    frames = boxes = size = 0
    for number, jpeg in enumerate(records(options)):
        if number == options.warm:
            begin, frames, boxes, size = time.process_time(), 0, 0, 0
        boxes += len(detector.boxes(jpeg))
        frames += 1
        size += len(jpeg)
    cpu = time.process_time() - begin
    print(
        json.dumps(
            {"frames": frames, "boxes": boxes, "bytes": size, "cpu_s": round(cpu, 3)}
        )
    )


if __name__ == "__main__":
    main()
