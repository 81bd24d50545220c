/** What people read: times, amounts, ids, errors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf, messageOf } from "../src/api.ts";
import { matches, readFilter, spanOf, writeFilter } from "../src/pages/event-filter.ts";
import { addressProblem, inputOf, newDraft, problemsOf } from "../src/pages/form-model.ts";
import { layout, visibleRows } from "../src/pages/wall-layout.ts";
import { parse } from "../src/router.ts";
import { bytes, codecName, count, percent, rate } from "../src/text/format.ts";
import * as time from "../src/text/time.ts";
import { clockWord, idProblem, sentence, suggestId, title } from "../src/text/words.ts";

const S = 1_000_000;
const NOON = Date.UTC(2026, 10, 22, 11, 3, 9, 250) * 1000;

test("times are local, exact ones carry their offset", () => {
  assert.equal(time.clock(NOON), "12:03:09");
  assert.equal(time.exact(NOON), "2026-11-22 12:03:09.250 (UTC+01:00)");
  assert.equal(time.day(NOON, NOON), "Today");
  assert.equal(time.day(NOON - 86_400 * S, NOON), "Yesterday");
  assert.equal(time.moment(NOON, NOON), "12:03:09");
  assert.equal(time.fromInput(time.toInput(NOON)), NOON - 9_250_000);
  assert.equal(time.fromInput(""), undefined);
});

test("a day with a clock change has its own length", () => {
  const start = time.dayStart(Date.UTC(2026, 9, 25, 10) * 1000);
  assert.equal(time.addDays(start, 1) - start, 25 * 3600 * S);
});

test("spans and lags are short", () => {
  const spans: [number, string][] = [[400_000, "0.4 s"], [12 * S, "12 s"], [60 * S, "1 min"], [185 * S, "3 min 05 s"], [7440 * S, "2 h 04 min"], [3 * 86_400 * S + 7200 * S, "3 d 2 h"]];
  for (const [us, words] of spans) assert.equal(time.span(us), words);
  assert.equal(time.lag(38_400), "38 ms");
  assert.equal(time.lag(1_240_000), "1.2 s");
  assert.equal(time.ago(NOON - 40 * S, NOON), "40 s ago");
});

test("amounts", () => {
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(999), "999 B");
  assert.equal(bytes(1_240_000_000), "1.24 GB");
  assert.equal(percent(1), "100 %");
  assert.equal(percent(0.99999), "99.99 %");
  assert.equal(percent(0.5), "50.0 %");
  assert.equal(rate(29.97), "30");
  assert.equal(rate(14.94), "14.9");
  assert.equal(count(12480), "12\u202f480");
  assert.equal(codecName("h265"), "H.265");
});

test("a camera's clock is told in words with its error", () => {
  assert.equal(clockWord("rtcp", 5_000), "camera's own (RTCP), ±5 ms");
  assert.equal(clockWord("arrival", undefined), "arrival at this machine");
});

test("reasons begin with a capital, addresses stay as they are", () => {
  assert.equal(sentence("a key picture a second: no"), "A key picture a second: no");
  assert.equal(sentence("rtsp://h/x: no route"), "rtsp://h/x: no route");
  assert.equal(sentence("front-gate is gone"), "front-gate is gone");
});

test("ids come from names and are unique", () => {
  assert.equal(suggestId("Front door Ä", []), "front-door-a");
  assert.equal(suggestId("Front door", ["front-door", "front-door-2"]), "front-door-3");
  assert.equal(suggestId("東京", []), "camera");
  assert.equal(idProblem("front-door"), undefined);
  for (const wrong of ["", "Front", "-a", "a b", "a".repeat(64)]) assert.ok(idProblem(wrong));
  assert.equal(title("scene_cut"), "Scene cut");
});

test("problem+json becomes words, anything else a plain sentence", () => {
  const told = errorOf(409, { type: "about:blank", title: "Conflict", status: 409, detail: "There is a camera yard already." });
  assert.equal(told.message, "There is a camera yard already.");
  assert.equal(told.kind, "refused");
  assert.equal(errorOf(404, undefined).kind, "missing");
  assert.equal(errorOf(500, "<html>").kind, "server");
  assert.match(errorOf(503, {}).message, /503/);
  assert.equal(messageOf("x"), "x");
});

test("addresses name pages", () => {
  assert.deepEqual(parse("/"), { page: "wall" });
  assert.deepEqual(parse("/camera/yard"), { page: "camera", id: "yard" });
  assert.deepEqual(parse("/camera/yard/edit/"), { page: "edit", id: "yard" });
  assert.deepEqual(parse("/cameras/new"), { page: "new" });
  assert.deepEqual(parse("/camera/%E0%A4%A"), { page: "camera", id: "%E0%A4%A" });
  for (const wrong of ["/x", "/camera", "/events/1", "/camera/a/b"]) assert.equal(parse(wrong).page, "missing");
});

test("a filter survives its address and decides alike", () => {
  const filter = readFilter(new URLSearchParams("camera=yard&kind=motion&when=today"));
  assert.equal(writeFilter(filter), "?camera=yard&kind=motion&when=today");
  assert.equal(writeFilter(readFilter(new URLSearchParams("when=nonsense"))), "");
  const event = { id: "1", camera: "yard", kind: "motion", phase: "end" as const, begin_us: NOON, score: 1, track: 1 };
  assert.equal(matches(filter, event, NOON + S), true);
  assert.equal(matches({ ...filter, camera: "park" }, event, NOON + S), false);
  assert.equal(matches({ ...filter, when: "yesterday" }, event, NOON + S), false);
  assert.deepEqual(spanOf({ when: "all" }, NOON), {});
});

test("the form says what is wrong and sends a password only when one was written", () => {
  const draft = newDraft();
  assert.deepEqual(Object.keys(problemsOf(draft, [])).sort(), ["id", "main"]);
  assert.match(addressProblem("192.168.1.20/x") ?? "", /rtsp:\/\//);
  assert.match(addressProblem("exec:rm") ?? "", /not taken/);
  assert.equal(addressProblem("synthetic:street?seed=1"), undefined);
  const full = { ...draft, id: "a", main: { ...draft.main, address: " rtsp://h/s ", hasPassword: true } };
  assert.deepEqual(problemsOf(full, []), {});
  assert.ok(problemsOf(full, ["a"])["id"]);
  const [source] = inputOf(full).sources;
  assert.equal(source?.address, "rtsp://h/s");
  assert.equal(source !== undefined && "password" in source, false);
  assert.equal(inputOf({ ...full, main: { ...full.main, password: "p" } }).sources[0]?.password, "p");
});

test("four cameras fill a desktop as two by two, a phone as a column", () => {
  const desktop = layout({ width: 1392, height: 756 }, 4);
  assert.equal(desktop.columns, 2);
  assert.ok(2 * (desktop.tileHeight + 12) - 12 <= 757);
  assert.equal(layout({ width: 366, height: 640 }, 4).columns, 1);
  const many = layout({ width: 1392, height: 756 }, 10_000);
  assert.ok(many.tileWidth >= 300);
  const seen = visibleRows(many, 50_000, 900);
  assert.ok((seen.last - seen.first) * many.columns < 60);
});
