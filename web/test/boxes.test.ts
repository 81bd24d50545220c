/** Boxes go to the picture that they belong to, or to none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BoxRing, contain, Epochs, ptsOf } from "../src/live/boxes.ts";
import type { Boxes } from "../src/live/protocol.ts";

const BASE = 1_795_360_000_000_000;

function answer(pts_us: number, epoch = 1): Boxes {
  return { type: "boxes", epoch, pts_us, width: 640, height: 360, boxes: [], motion_permyriad: 0 };
}

function ring(pictures: number, stepUs: number): BoxRing {
  const made = new BoxRing();
  for (let n = 0; n < pictures; n += 1) made.add(answer(BASE + n * stepUs));
  return made;
}

test("a picture gets its own boxes", () => {
  const held = ring(30, 66_667);
  for (let n = 0; n < 30; n += 1) {
    const pts = BASE + n * 66_667;
    assert.equal(held.match(1, pts)?.pts_us, pts);
  }
});

test("media time in seconds finds the pts exactly, also after days", () => {
  for (const pts of [0, 66_667, 86_399_999_999, 3 * 86_400_000_000 + 1]) {
    assert.equal(ptsOf(pts / 1e6, BASE), BASE + pts);
  }
});

test("rounding of less than half a picture still matches, more does not", () => {
  const held = ring(30, 66_667);
  assert.equal(held.match(1, BASE + 10 * 66_667 + 20_000)?.pts_us, BASE + 10 * 66_667);
  assert.equal(held.match(1, BASE + 10 * 66_667 + 50_000)?.pts_us, BASE + 11 * 66_667);
});

test("a newer picture never gets older boxes", () => {
  const held = ring(30, 66_667);
  assert.equal(held.match(1, BASE + 30 * 66_667), undefined);
  assert.equal(held.match(1, BASE + 45 * 66_667), undefined);
});

test("boxes of another epoch never match", () => {
  const held = new BoxRing();
  held.add(answer(BASE + 40_000, 1));
  assert.equal(held.match(2, BASE + 40_000), undefined);
  held.add(answer(BASE, 2));
  assert.equal(held.match(2, BASE + 40_000), undefined);
  assert.equal(held.match(2, BASE)?.epoch, 2);
});

test("answers out of order and repeated are kept in order once", () => {
  const held = new BoxRing();
  for (const n of [2, 0, 1, 1, 3]) held.add(answer(BASE + n * 40_000));
  for (const n of [0, 1, 2, 3]) assert.equal(held.match(1, BASE + n * 40_000)?.pts_us, BASE + n * 40_000);
});

test("what is held is bounded", () => {
  const held = ring(5000, 40_000);
  assert.equal(held.match(1, BASE), undefined);
  assert.ok(held.match(1, BASE + 4999 * 40_000));
});

test("a picture shown late still belongs to its own epoch", () => {
  const epochs = new Epochs();
  epochs.begin(7);
  assert.equal(epochs.of(BASE), 7);
  epochs.start(BASE);
  epochs.begin(8);
  assert.equal(epochs.of(BASE + 400_000), 7);
  epochs.start(BASE + 500_000);
  assert.equal(epochs.of(BASE + 433_000), 7);
  assert.equal(epochs.of(BASE + 500_000), 8);
  assert.equal(epochs.of(BASE + 900_000), 8);
});

test("a slow camera has wide halves, a fast one narrow", () => {
  assert.ok(ring(30, 200_000).match(1, BASE + 5 * 200_000 + 15_000));
  const fast = ring(60, 16_667);
  assert.equal(fast.match(1, BASE + 60 * 16_667), undefined);
  assert.equal(fast.match(1, BASE + 30 * 16_667 + 9_000)?.pts_us, BASE + 31 * 16_667);
});

test("a picture lies centred and whole in its space", () => {
  assert.deepEqual(contain({ width: 640, height: 360 }, 1280, 720), { left: 0, top: 0, scale: 0.5 });
  assert.deepEqual(contain({ width: 640, height: 360 }, 480, 360), { left: 80, top: 0, scale: 1 });
  assert.deepEqual(contain({ width: 640, height: 360 }, 0, 0), { left: 0, top: 0, scale: 0 });
});
