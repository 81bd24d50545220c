// What is drawn and said of learning.
import assert from "node:assert/strict";
import test from "node:test";
import { arrow, ceiling, middle, plot } from "../src/learning/geometry.ts";
import { busiest, measureWords, modelStateWord } from "../src/learning/words.ts";

test("places are four by three, and arrows point where things go", () => {
  assert.deepEqual(middle(0), { x: 0.125, y: 1 / 6 });
  assert.deepEqual(middle(11), { x: 0.875, y: 5 / 6 });
  const right = arrow({ place: 5, heading: 0, share: 1 });
  assert.ok(right.to.x > right.from.x && Math.abs(right.to.y - right.from.y) < 1e-9);
  const down = arrow({ place: 5, heading: 2, share: 1 });
  assert.ok(down.to.y > down.from.y && Math.abs(down.to.x - down.from.x) < 1e-9);
});

test("the axis ends at a round number at or above all that is drawn", () => {
  assert.deepEqual([0.2, 1, 1.2, 9, 101, 480].map(ceiling), [1, 1, 1.5, 10, 150, 500]);
});

test("a forecast is drawn from the past to what is to come", () => {
  const hour = (at: number, came?: number) => ({ begin_us: at, end_us: at + 1, value: 5, low: 2, high: 10, ...(came === undefined ? {} : { came }) });
  const drawn = plot([hour(0, 8), hour(1, 12), hour(2), hour(3)], 400, 100);
  assert.equal(drawn.top, 15);
  assert.equal(drawn.now, 200);
  assert.deepEqual(drawn.came.map((dot) => dot.x), [50, 150]);
  assert.equal(drawn.line.split(" ").length, 4);
  assert.equal(drawn.band.split(" ").length, 8);
});

test("a usual week is told in words, too", () => {
  const hours = Array.from({ length: 168 }, (): number | null => null);
  assert.equal(busiest(hours), "Nothing was in sight in any hour so far.");
  hours[24 + 9] = 0.5;
  hours[6 * 24 + 18] = 0.25;
  assert.equal(busiest(hours), "Most is in sight on Tue 9:00 (50 %), Sun 18:00 (25 %).");
});

test("measures and states have words", () => {
  assert.deepEqual(measureWords({ name: "coverage-1h", value: 0.904 }), { name: "Came in the band, an hour ahead", value: "90 %" });
  assert.equal(modelStateWord({ state: "in-force", pinned: true }), "Counts, chosen");
});
