"""The usual way in: decodes a clip and puts one JPEG a frame on a Kafka topic.

    python3 producer.py CLIP --brokers 127.0.0.1:9092 --topic bench.jpeg --quality 80

Prints one line of JSON: frames, bytes of the values, CPU seconds of this process.
"""

import argparse
import json
import time

import cv2
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic


def arguments():
    parser = argparse.ArgumentParser(description="Decodes a clip and sends JPEGs.")
    parser.add_argument("clip")
    parser.add_argument("--brokers", default="127.0.0.1:9092")
    parser.add_argument("--topic", default="bench.jpeg")
    parser.add_argument("--quality", type=int, default=80)
    parser.add_argument("--loops", type=int, default=1, help="how often the clip is sent")
    return parser.parse_args()


def make_topic(options):
    admin = AdminClient({"bootstrap.servers": options.brokers})
    topic = NewTopic(options.topic, num_partitions=1, config={"max.message.bytes": str(17 << 20)})
    for future in admin.create_topics([topic]).values():
        future.result()


def frames(clip, loops):
    for _ in range(loops):
        video = cv2.VideoCapture(clip, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not video.isOpened():
            raise SystemExit(f"{clip}: OpenCV can't open it")
        while True:
            good, picture = video.read()
            if not good:
                break
            yield picture
        video.release()


def main():
    options = arguments()
    cv2.setNumThreads(1)
    make_topic(options)
    failed = []
    producer = Producer(
        {
            "bootstrap.servers": options.brokers,
            "acks": "all",
            "linger.ms": 0,
            "message.max.bytes": 17 << 20,
            "queue.buffering.max.kbytes": 64 << 10,
        }
    )
    count = size = 0
    for picture in frames(options.clip, options.loops):
        good, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, options.quality])
        assert good
        value = jpeg.tobytes()
        while True:
            try:
                producer.produce(
                    options.topic, value, on_delivery=lambda e, _: failed.append(e) if e else None
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        count += 1
        size += len(value)
    left = producer.flush(60)
    if failed or left:
        raise SystemExit(f"{len(failed)} records failed, {left} were not sent")
    print(json.dumps({"frames": count, "bytes": size, "cpu_s": round(time.process_time(), 3)}))


if __name__ == "__main__":
    main()
