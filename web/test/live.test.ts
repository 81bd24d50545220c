/** The live protocol is read with care, and the play-head is steered to the live edge. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hold, START_HOLD_S, steer } from "../src/live/edge.ts";
import { fragmentStart, readBinary, readText } from "../src/live/protocol.ts";

test("text messages are read, unknown and broken ones left out", () => {
  const init = readText('{"type":"init","mode":"mse","mime":"video/mp4","width":640,"height":360,"epoch":3,"base_us":17}');
  assert.equal(init?.type === "init" && init.base_us, 17);
  const boxes = readText('{"type":"boxes","epoch":1,"pts_us":5,"boxes":[{"track":1,"left":-4,"top":2,"width":3,"height":4,"score":900},null]}');
  assert.equal(boxes?.type === "boxes" && boxes.boxes.length, 1);
  assert.deepEqual(readText('{"type":"skip","reason":"slow"}'), { type: "skip", reason: "slow" });
  const late = readText('{"type":"state","state":"live","late":"Kafka has been away for 10 s"}');
  assert.deepEqual(late, { type: "state", state: "live", reason: "", late: "Kafka has been away for 10 s" });
  for (const wrong of ["", "{", "null", "7", '{"type":"other"}', '{"type":"init","mode":"flash"}']) {
    assert.equal(readText(wrong), undefined);
  }
});

test("binary messages are told apart by their first byte", () => {
  const jpeg = new Uint8Array([2, 0, 6, 0x60, 0xdb, 0xaa, 0, 0, 1, 0xff, 0xd8]);
  const read = readBinary(jpeg.buffer);
  assert.equal(read?.kind === "jpeg" && read.pts_us, 0x00_06_60_db_aa_00_00_01);
  assert.deepEqual(read?.data, new Uint8Array([0xff, 0xd8]));
  assert.equal(readBinary(new Uint8Array([0, 9]).buffer)?.kind, "init");
  assert.equal(readBinary(new Uint8Array([1, 9]).buffer)?.kind, "fragment");
  assert.equal(readBinary(new Uint8Array([2, 1, 2]).buffer), undefined);
  assert.equal(readBinary(new Uint8Array([9, 1]).buffer), undefined);
  assert.equal(readBinary(new ArrayBuffer(0)), undefined);
});

test("a fragment tells where it starts", () => {
  const box = (type: string, ...parts: Uint8Array[]): Uint8Array => {
    const body = parts.reduce<number[]>((all, part) => [...all, ...part], []);
    const head = new Uint8Array([0, 0, 0, body.length + 8, ...new TextEncoder().encode(type)]);
    return new Uint8Array([...head, ...body]);
  };
  const tfdt = box("tfdt", new Uint8Array([1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5]));
  const moof = box("moof", box("mfhd", new Uint8Array(8)), box("traf", box("tfhd", new Uint8Array(8)), tfdt));
  assert.equal(fragmentStart(moof), 4_294_967_301);
  assert.equal(fragmentStart(moof.subarray(0, 20)), undefined);
  assert.equal(fragmentStart(new Uint8Array(3)), undefined);
});

test("far behind jumps, a little behind hurries, too near slows down", () => {
  assert.deepEqual(steer(0, 5, 10, 0.2), { rate: 1, seek: 9.8 });
  assert.deepEqual(steer(8, 0, 10, 0.2), { rate: 1, seek: 9.8 });
  assert.ok(steer(9.4, 0, 10, 0.2).rate > 1);
  assert.deepEqual(steer(9.8, 0, 10, 0.2), { rate: 1 });
  assert.ok(steer(10, 0, 10, 0.2).rate < 1);
});

test("the hold follows the lag of boxes within bounds", () => {
  const hold = new Hold();
  assert.equal(hold.seconds(0.04), START_HOLD_S);
  for (let n = 0; n < 60; n += 1) hold.note(0.3);
  const learnt = hold.seconds(0.04);
  assert.ok(learnt > 0.3 && learnt < 0.5);
  for (let n = 0; n < 60; n += 1) hold.note(30);
  assert.ok(hold.seconds(0.04) < 1);
  for (let n = 0; n < 60; n += 1) hold.note(0);
  assert.ok(hold.seconds(0.04) >= 0.1);
});
