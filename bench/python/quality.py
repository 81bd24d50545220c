"""The usual methods on footage with truth: masks and tracks for the scorer of `flumen bench quality`.

    python3 quality.py --out target/quality/others FOLDER...

For each clip below the folders (video.mp4 with events.json, or truth/*.json that name a clip):
OpenCV's MOG2 and KNN at full size with the usual clean-up (shadows dropped, median, opening,
closing, small shapes dropped), and a plain tracker: a box goes on with the track whose last box
overlaps it most, a track is told from its third frame on and forgotten after a second.
Writes OUT/METHOD/CLIP/masks/NNNNNN.png, tracks.txt (MOTChallenge columns) and summary.json.
Clips that are there already are left. Give the folders that the scorer is given.
"""

import argparse
import json
import pathlib
import time

import cv2
import numpy


def arguments():
    parser = argparse.ArgumentParser(description="Runs OpenCV's methods on footage with truth.")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    return parser.parse_args()


def clips(folder):
    """Name and video of each clip, named as the scorer names them."""
    for place in [folder, *sorted(folder.glob("*")), *sorted((folder / "truth").glob("*"))]:
        if (place / "events.json").is_file():
            truth = json.loads((place / "events.json").read_text())
            yield place.name, place / truth.get("clip", "video.mp4")
        elif place.parent.name == "truth" and place.suffix == ".json":
            truth = json.loads(place.read_text())
            if "clip" in truth:
                yield place.stem, folder / truth["clip"]


METHODS = {
    "mog2": lambda: cv2.createBackgroundSubtractorMOG2(history=500, detectShadows=True),
    "knn": lambda: cv2.createBackgroundSubtractorKNN(history=500, detectShadows=True),
}


class Cleaner:
    """What is left of a mask when noise and shadow are gone, and its shapes as boxes."""

    def __init__(self):
        self.small = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
        self.large = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))

    def clean(self, mask):
        mask = cv2.threshold(mask, 200, 255, cv2.THRESH_BINARY)[1]  # 127 is shadow
        mask = cv2.medianBlur(mask, 5)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, self.small)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, self.large)
        _, labels, found, _ = cv2.connectedComponentsWithStats(mask)
        smallest = mask.size // 2000
        kept = [n for n in range(1, len(found)) if found[n][cv2.CC_STAT_AREA] >= smallest]
        keep = numpy.zeros(len(found), numpy.uint8)
        keep[kept] = 255
        return keep[labels], [tuple(int(v) for v in found[n][:4]) for n in kept]


def overlap(a, b):
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(wide, 0) * max(high, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


class Tracker:
    """Tracks by overlap alone."""

    def __init__(self, fps):
        self.tracks = {}
        self.count = 0
        self.patience = fps

    def step(self, number, boxes):
        pairs = [
            (overlap(track["box"], box), id, n)
            for id, track in self.tracks.items()
            for n, box in enumerate(boxes)
        ]
        free, told = set(range(len(boxes))), []
        waiting = set(self.tracks)
        for share, id, n in sorted(pairs, reverse=True):
            if share < 0.2 or id not in waiting or n not in free:
                continue
            waiting.remove(id)
            free.remove(n)
            track = self.tracks[id]
            track.update(box=boxes[n], seen=number, hits=track["hits"] + 1)
            if track["hits"] >= 3:
                told.append((id, boxes[n]))
        for n in free:
            self.count += 1
            self.tracks[self.count] = {"box": boxes[n], "seen": number, "hits": 1}
        self.tracks = {
            id: t for id, t in self.tracks.items() if number - t["seen"] <= self.patience
        }
        return told


def run(method, video, out):
    masks = out / "masks"
    masks.mkdir(parents=True, exist_ok=True)
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    if not capture.isOpened():
        raise SystemExit(f"{video}: OpenCV can't open it")
    tracker = Tracker(max(capture.get(cv2.CAP_PROP_FPS), 1))
    background, cleaner, lines, number, cpu = METHODS[method](), Cleaner(), [], 0, 0.0
    while True:
        begin = time.process_time()
        good, picture = capture.read()
        if not good:
            break
        number += 1
        mask, boxes = cleaner.clean(background.apply(picture))
        told = tracker.step(number, boxes)
        cpu += time.process_time() - begin
        for id, (left, top, width, height) in told:
            lines.append(f"{number},{id},{left},{top},{width},{height},1,-1,-1,-1\n")
        cv2.imwrite(str(masks / f"{number:06d}.png"), mask, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    (out / "tracks.txt").write_text("".join(lines))
    # Written last: where it is, the rest is whole.
    (out / "summary.json").write_text(json.dumps({"frames": number, "cpu_s": round(cpu, 2)}))


def main():
    options = arguments()
    cv2.setNumThreads(1)
    for folder in options.folders:
        for name, video in clips(folder):
            for method in METHODS:
                out = options.out / method / name
                if not (out / "summary.json").exists():
                    run(method, video, out)


if __name__ == "__main__":
    main()
