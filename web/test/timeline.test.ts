/** The timeline's arithmetic. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as line from "../src/timeline/geometry.ts";

const S = 1_000_000;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const NOON = Date.UTC(2026, 10, 22, 11) * 1000;

test("moments and places are each other's inverse", () => {
  const range = { from: NOON, to: NOON + HOUR };
  for (const share of [0, 0.25, 0.5, 1]) {
    const at = line.momentAt(share * 1000, range, 1000);
    assert.equal(at, NOON + share * HOUR);
    assert.equal(line.placeOf(at, range, 1000), share * 1000);
  }
  assert.equal(line.momentAt(-50, range, 1000), NOON);
  assert.equal(line.momentAt(5000, range, 1000), NOON + HOUR);
  assert.equal(line.momentAt(5, range, 0), NOON);
});

test("ticks are round, in the range, and far enough apart", () => {
  for (const length of [MIN, 10 * MIN, HOUR, 6 * HOUR, 24 * HOUR]) {
    for (const width of [320, 900, 1400]) {
      const range = { from: NOON + 1234, to: NOON + 1234 + length };
      const { moments } = line.ticks(range, width, 70);
      assert.ok(moments.length >= 1, `${length} ${width}`);
      for (const moment of moments) assert.ok(moment >= range.from && moment <= range.to);
      const [a, b] = moments;
      if (a !== undefined && b !== undefined) assert.ok(((b - a) / length) * width >= 69.9);
    }
  }
  assert.deepEqual(line.ticks({ from: 5, to: 5 }, 100).moments, []);
});

test("segments that touch are one span, holes stay", () => {
  const range = { from: 0, to: HOUR };
  const segments = [
    { start_us: 2 * MIN, end_us: 3 * MIN },
    { start_us: 0, end_us: MIN },
    { start_us: MIN, end_us: 2 * MIN - 1000 },
    { start_us: 50 * MIN, end_us: 90 * MIN },
    { start_us: -5 * MIN, end_us: -MIN },
    { start_us: 9 * MIN, end_us: 9 * MIN },
  ];
  assert.deepEqual(line.join(segments, range, 2000), [
    { start_us: 0, end_us: 3 * MIN },
    { start_us: 50 * MIN, end_us: HOUR },
  ]);
});

test("playing starts at the moment, or at the next recorded one, and ends at a hole", () => {
  const segments = [
    { start_us: 0, end_us: MIN },
    { start_us: MIN, end_us: 2 * MIN },
    { start_us: 5 * MIN, end_us: 90 * MIN },
  ];
  assert.deepEqual(line.playSpan(segments, 30 * S), { start_us: 30 * S, end_us: 2 * MIN });
  assert.deepEqual(line.playSpan(segments, 3 * MIN), { start_us: 5 * MIN, end_us: 35 * MIN });
  assert.equal(line.playSpan(segments, 90 * MIN), undefined);
  assert.equal(line.playSpan([], 0), undefined);
});

test("the first look is the shortest length that shows everything", () => {
  assert.equal(line.fittingLength(undefined, NOON), 10 * MIN);
  assert.equal(line.fittingLength(NOON - 3 * MIN, NOON), 10 * MIN);
  assert.equal(line.fittingLength(NOON - 40 * MIN, NOON), HOUR);
  assert.equal(line.fittingLength(NOON - 900 * HOUR, NOON), 24 * HOUR);
});

test("a day is the local day, shorter ranges end where asked", () => {
  assert.deepEqual(line.rangeEnding(NOON, HOUR), { from: NOON - HOUR, to: NOON });
  const day = line.rangeEnding(NOON, 24 * HOUR);
  assert.equal(new Date(day.from / 1000).getHours(), 0);
  assert.ok(day.from <= NOON && day.to > NOON);
});

test("what is being written grows to now while the camera is live", () => {
  const pending = [
    { start_us: NOON - 60 * S, end_us: NOON - 50 * S },
    { start_us: NOON - 40 * S, end_us: NOON - 2 * S },
  ];
  assert.deepEqual(line.writing(pending, true, NOON), [pending[0], { start_us: NOON - 40 * S, end_us: NOON }]);
  assert.deepEqual(line.writing(pending, false, NOON), pending);
  assert.deepEqual(line.writing(pending, true, NOON + HOUR), pending);
  assert.deepEqual(line.writing([], true, NOON), []);
});

test("the recorded share leaves out the future", () => {
  const range = { from: 0, to: 10 * MIN };
  const segments = [{ start_us: 0, end_us: MIN }, { start_us: 30 * S, end_us: 2 * MIN }];
  assert.equal(line.covered(segments, range, 4 * MIN), 0.5);
  assert.equal(line.covered(segments, range, 0), 0);
});
