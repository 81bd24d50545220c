"""The usual methods on simulated days: anomalies and forecasts for the scorer of `flumen bench learn`.

    python3 learn.py --days DIR --out OUT [--methods zscore,iforest,naive,autoets]

Reads windows.pb and hours.tsv of `flumen farm days`, brings the windows to minutes, and learns from
the days that are left quiet alone. Writes OUT/METHOD/anomalies.jsonl or forecasts.jsonl:
  zscore   per camera and feature, mean and deviation by hour of the week (by hour of the day where
           that hour of the week was not seen); a minute's score is its largest |z|
  iforest  scikit-learn's IsolationForest, one a camera, on the same features and the time of day
  naive    seasonal naive: the same hour a week ago (a day ago while there is no week)
  autoets  statsforecast's AutoETS with a day as its season, fitted at the end of the quiet days and
           brought forward hour by hour
Odd minutes at most 5 apart are one anomaly, as for the product; its score is that of its oddest
minute. Where a method begins to tell is no question here: the scorer walks through all scores.
"""

import argparse
import collections
import json
import pathlib

import numpy

VALUES = 122
DAY, HOUR, MINUTE = 86_400_000_000, 3_600_000_000, 60_000_000
# Where things stand in a window of schema 1 (docs/ref/windows.md).
ACTIVITY, THINGS_MEAN, THINGS_MOST, THINGS_NEW = slice(0, 48), 50, 51, 52
SIZE_MOST, SPEED_MOST, HEADINGS, DWELL_MOST = 54, 59, slice(60, 68), 69
LOOK, SHARPNESS, UNIT_RATE = slice(90, 122), 74, 83
# Of a minute: busy seconds, most things, entries, most size, speed, stay, then activity, headings, look.
NAMES = ["busy", "things", "entries", "size", "speed", "stay"]
NAMES += [f"activity {i}" for i in range(48)] + [f"heading {i}" for i in range(8)]
NAMES += [f"look {i}" for i in range(32)] + ["sharpness"]


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def windows(path):
    """Camera, begin, seconds that local time is ahead, and values of each window."""
    with open(path, "rb") as file:
        data, at = b"", 0
        while True:
            if len(data) - at < 4096:
                more = file.read(1 << 22)
                data, at = data[at:] + more, 0
                if not data:
                    return
            length, at = varint(data, at)
            yield window(data, at, at + length)
            at += length


def window(data, at, end):
    """The fields that are needed, by hand: the schema is small, and no package is."""
    camera, begin, ahead, values = "", 0, 0, None
    while at < end:
        key, at = varint(data, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
            if field == 4:
                begin = value
            elif field == 17:
                ahead = value - (1 << 64) if value >> 63 else value
        elif kind == 2:
            size, at = varint(data, at)
            if field == 1:
                camera = data[at : at + size].decode()
            elif field == 8:
                values = numpy.frombuffer(data, "<f4", VALUES, at)
            at += size
        else:
            raise SystemExit(f"a window with a field of wire type {kind}")
    return camera, begin, ahead, values


class Minute:
    """What the windows of one minute of a camera come to."""

    def __init__(self, begin, ahead):
        self.begin, self.ahead, self.rows = begin, ahead, []

    def features(self):
        rows = numpy.array(self.rows)
        busy = rows[:, THINGS_MEAN] > 0
        share = rows[busy][:, HEADINGS].sum(0) if busy.any() else numpy.zeros(8)
        top = rows.max(0)
        head = [busy.sum(), top[THINGS_MOST], rows[:, THINGS_NEW].sum(), top[SIZE_MOST]]
        head += [top[SPEED_MOST], top[DWELL_MOST]]
        return numpy.concatenate(
            [head, rows[:, ACTIVITY].mean(0), share, rows[:, LOOK].mean(0), [rows[:, SHARPNESS].mean()]]
        )


def minutes(path):
    """By camera: begins, seconds ahead of UTC, features."""
    open_, out = {}, collections.defaultdict(list)
    for camera, begin, ahead, values in windows(path):
        minute = open_.get(camera)
        start = begin - begin % MINUTE
        if minute is None or minute.begin != start:
            if minute:
                out[camera].append((minute.begin, minute.ahead, minute.features()))
            minute = open_[camera] = Minute(start, ahead)
        minute.rows.append(values)
    for camera, minute in open_.items():
        out[camera].append((minute.begin, minute.ahead, minute.features()))
    return {
        camera: tuple(numpy.array(column) for column in zip(*rows)) for camera, rows in out.items()
    }


def local_hours(begins, ahead):
    """Hours since Monday 1969-12-29 0:00 local time."""
    return (begins // 1_000_000 + ahead + 3 * 86_400) // 3600


def zscore(begins, ahead, features, quiet):
    """Largest |z| of each minute and its feature."""
    hours = local_hours(begins, ahead)
    wide = numpy.array([features[quiet].std(0) for _ in [0]])[0]
    floor = numpy.maximum(0.05 * wide, 1e-3)
    z = numpy.zeros_like(features)
    for hour in range(168):
        here = hours % 168 == hour
        seen = here & quiet
        if not seen.any():
            seen = (hours % 24 == hour % 24) & quiet
        mean, deviation = features[seen].mean(0), features[seen].std(0)
        z[here] = abs(features[here] - mean) / numpy.maximum(deviation, floor)
    return z.max(1), [NAMES[i] for i in z.argmax(1)]


def iforest(begins, ahead, features, quiet):
    from sklearn.ensemble import IsolationForest

    turn = (begins / 1e6 + ahead) % 86_400 / 86_400 * 2 * numpy.pi
    rows = numpy.column_stack([features, numpy.sin(turn), numpy.cos(turn)])
    forest = IsolationForest(n_estimators=200, random_state=0, n_jobs=1).fit(rows[quiet])
    return -forest.score_samples(rows), ["density"] * len(rows)


def told(camera, begins, scores, kinds, least):
    """Minutes above a score as anomalies."""
    anomalies = []
    for i in numpy.flatnonzero(scores >= least):
        begin = int(begins[i])
        if anomalies and begin - anomalies[-1]["end_us"] <= 5 * MINUTE:
            last = anomalies[-1]
            last["end_us"] = begin + MINUTE
            if scores[i] > last["score"]:
                last.update(score=float(scores[i]), kind=kinds[i])
        else:
            anomalies.append(
                {"camera": camera, "begin_us": begin, "end_us": begin + MINUTE}
                | {"kind": kinds[i], "score": float(scores[i])}
            )
    return anomalies


def find(method, seen, scored_from):
    """Anomalies of all cameras at the levels that the quiet days give.

    Merging depends on the level, so that each level is told as a set of its own would be: the level
    here is the one that an owner would take from quiet days, the highest they hold once a day.
    """
    anomalies = []
    for camera, (begins, ahead, features) in seen.items():
        quiet = begins < scored_from
        if not quiet.any():
            continue  # Nothing to learn from: the method tells nothing of this camera.
        scores, kinds = method(begins, ahead, features, quiet)
        days = max(quiet.sum() / 1440, 1)
        least = numpy.sort(scores[quiet])[-min(quiet.sum(), round(4 * days))]
        anomalies += told(camera, begins, scores, kinds, least)
    return anomalies


def hours(path):
    """By camera: begins and entries (visits where no windows were made)."""
    rows = collections.defaultdict(list)
    with open(path) as file:
        next(file)
        for line in file:
            camera, begin, _, _, _, visits, entries = line.rstrip("\n").split("\t")
            rows[camera].append((int(begin), float(visits), float(entries)))
    series = {}
    for camera, all_ in rows.items():
        begins, visits, entries = (numpy.array(c) for c in zip(*all_))
        series[camera] = begins, entries if entries.any() else visits
    return series


def step(camera, begins, i, ahead, value, half):
    return {
        "camera": camera,
        "at_us": int(begins[i]) - (ahead - 1) * HOUR,
        "begin_us": int(begins[i]),
        "end_us": int(begins[i]) + HOUR,
        "value": float(max(value, 0)),
        "low": float(max(value - half, 0)),
        "high": float(max(value, 0) + half),
    }


def naive(camera, begins, counts, first):
    """The same hour a week ago; the interval from what that was off so far."""
    out = []
    for ahead in (1, 24):
        for i in range(first, len(counts)):
            back = 168 if i >= 168 else 24
            # What is known then: a week ago always is, 24 hours ahead too.
            known = counts[: i - ahead + 1]
            off = known[back:] - known[:-back] if len(known) > back else numpy.zeros(1)
            out.append(step(camera, begins, i, ahead, counts[i - back], 1.645 * off.std()))
    return out


def autoets(camera, begins, counts, first):
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=24)
    model.fit(counts[:first].astype(float))
    out = []
    for i in range(first - 1, len(counts) - 1):
        # Known up to and with hour i.
        said = model.forward(y=counts[: i + 1].astype(float), h=24, level=[90])
        for ahead in (1, 24):
            if i + ahead < len(counts):
                value = said["mean"][ahead - 1]
                half = (said["hi-90"][ahead - 1] - said["lo-90"][ahead - 1]) / 2
                out.append(step(camera, begins, i + ahead, ahead, value, half))
    return out


def write(folder, name, rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def main():
    parser = argparse.ArgumentParser(description="Runs the usual methods on simulated days.")
    parser.add_argument("--days", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--methods", default="zscore,iforest,naive,autoets")
    options = parser.parse_args()
    methods = options.methods.split(",")
    scored_from = json.loads((options.days / "days.json").read_text())["scored_from_us"]
    finders = {"zscore": zscore, "iforest": iforest}
    wanted = [name for name in methods if name in finders]
    path = options.days / "windows.pb"
    if wanted and path.exists():
        seen = minutes(path)
        for name in wanted:
            write(options.out / name, "anomalies.jsonl", find(finders[name], seen, scored_from))
    for name, foretell in {"naive": naive, "autoets": autoets}.items():
        if name in methods:
            rows = []
            for camera, (begins, counts) in hours(options.days / "hours.tsv").items():
                first = int(numpy.searchsorted(begins, scored_from))
                if first >= 48:
                    rows += foretell(camera, begins, counts, first)
            write(options.out / name, "forecasts.jsonl", rows)


if __name__ == "__main__":
    main()
