/** What the page of rules makes of drawings and choices. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, isWhole, newRule, newZone, ruleProblem, sides, withoutZone, zonesFor } from "../src/pages/rules-model.ts";
import { readFilter, matches, toQuery, writeFilter } from "../src/pages/event-filter.ts";
import type { CameraEvent } from "../src/types.ts";

const up = [{ x: 500, y: 900 }, { x: 500, y: 100 }];
const square = [{ x: 100, y: 100 }, { x: 300, y: 100 }, { x: 300, y: 300 }, { x: 100, y: 300 }];

test("a drawing becomes a zone with a name and id of its own", () => {
  const first = newZone("line", up, []);
  const second = newZone("line", up, [first]);
  assert.deepEqual([first.id, first.name, second.id], ["line-1", "Line 1", "line-2"]);
});

test("what holds nothing is no zone", () => {
  assert.ok(isWhole("line", up) && isWhole("area", square));
  assert.ok(!isWhole("line", [{ x: 1, y: 1 }, { x: 1, y: 1 }]));
  assert.ok(!isWhole("area", [{ x: 0, y: 0 }, { x: 10, y: 10 }, { x: 20, y: 20 }]));
});

test("side A is on the left of who walks along the line", () => {
  const beside = sides(up);
  assert.ok(beside && beside.a.x < 500 && beside.b.x > 500);
});

test("a rule has what its kind and place need, and nothing else", () => {
  const line = newZone("line", up, []);
  const area = newZone("area", square, []);
  const zones = [line, area];
  const cross = newRule("cross", line, []);
  assert.equal(ruleProblem(cross, zones), undefined);
  const wrong = fit({ ...cross, kind: "wrong-way" }, zones);
  assert.deepEqual([wrong.direction, wrong.heading], ["a_to_b", undefined]);
  const flow = fit({ ...wrong, zone: area.id }, zones);
  assert.deepEqual([flow.direction, flow.heading], ["both", "right"]);
  const loiter = fit({ ...flow, kind: "loiter", seconds: 30 }, zones);
  assert.deepEqual([loiter.zone, loiter.seconds, loiter.heading], [area.id, 30, undefined]);
  const enter = fit({ ...cross, kind: "enter" }, zones);
  assert.equal(enter.zone, undefined);
  assert.match(ruleProblem(enter, zones) ?? "", /Draw an area/);
  assert.deepEqual(zonesFor("wrong-way", zones).length, 2);
});

test("a zone goes with its rules", () => {
  const line = newZone("line", up, []);
  const draft = { zones: [line], rules: [newRule("cross", line, []), newRule("motion", undefined, [])], version: 1 };
  assert.deepEqual(withoutZone(draft, line.id).rules.map((rule) => rule.kind), ["motion"]);
});

test("events are filtered by zone", () => {
  const filter = readFilter(new URLSearchParams("kind=cross&zone=gate"));
  assert.equal(writeFilter(filter), "?kind=cross&zone=gate");
  assert.equal(toQuery(filter).zone, "gate");
  const event = { camera: "yard", kind: "cross", zone: "gate", begin_us: 1 } as CameraEvent;
  assert.ok(matches(filter, event));
  assert.ok(!matches(filter, { ...event, zone: "bench" }));
});
