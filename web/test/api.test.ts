/** What is asked of the server is what its description offers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as api from "../src/api.ts";
import { inputOf, newDraft, probeOf } from "../src/pages/form-model.ts";

const described = JSON.parse(readFileSync("openapi.json", "utf8")) as {
  paths: Record<string, Record<string, { parameters?: { in: string; name: string }[] }>>;
};

/** The description of a request; nothing when the server does not offer it. */
function offered(method: string, url: string): { query: string[] } | undefined {
  const { pathname } = new URL(url, "http://x");
  const path = Object.keys(described.paths).find((known) =>
    new RegExp(`^${known.replace(/[.]/g, "\\.").replace(/\{[^}]+\}/g, "[^/]+")}$`).test(pathname),
  );
  const operation = path === undefined ? undefined : described.paths[path]?.[method.toLowerCase()];
  if (!operation) return undefined;
  return { query: (operation.parameters ?? []).filter((one) => one.in === "query").map((one) => one.name) };
}

function isOffered(method: string, url: string): void {
  const known = offered(method, url);
  assert.ok(known, `${method} ${url} is not in openapi.json`);
  for (const key of new URL(url, "http://x").searchParams.keys()) {
    assert.ok(known.query.includes(key), `${method} ${url}: the parameter ${key} is not in openapi.json`);
  }
}

test("every request and address is described", async () => {
  const asked: [string, string][] = [];
  globalThis.fetch = (url, options) => {
    asked.push([options?.method ?? "GET", String(url)]);
    return Promise.resolve(new Response("{}", { status: 200, headers: { "content-type": "application/json" } }));
  };
  const draft = { ...newDraft(), id: "yard" };
  await api.cameras();
  await api.camera("yard");
  await api.addCamera(inputOf(draft));
  await api.changeCamera("yard", inputOf(draft));
  await api.removeCamera("yard");
  await api.probe(probeOf(draft.main));
  await api.events({ camera: "yard", kind: "motion", from_us: 1, to_us: 2, before_us: 3, limit: 4 });
  await api.timeline("yard", 1, 2);
  await api.system();
  assert.equal(asked.length, 9);
  for (const [method, url] of asked) isOffered(method, url);
  isOffered("GET", api.videoUrl("yard", 1, 2, true));
  isOffered("GET", api.snapshotUrl("yard"));
});

test("sockets are described", () => {
  const opened: string[] = [];
  class Socket {
    binaryType = "blob";
    constructor(url: string) {
      opened.push(url);
    }
  }
  Object.assign(globalThis, { WebSocket: Socket, location: { protocol: "https:", host: "flumen.example" } });
  api.openLive("yard", "auto");
  api.openEvents();
  assert.ok(opened.every((url) => url.startsWith("wss://flumen.example/api/v1/")));
  for (const url of opened) isOffered("GET", url);
});

test("a server that is not there is told in words", async () => {
  globalThis.fetch = () => Promise.reject(new TypeError("failed to fetch"));
  await assert.rejects(api.cameras(), (error) => error instanceof api.ApiError && error.kind === "unreachable" && /running/.test(error.message));
});

test("leaving a page is no error to tell", async () => {
  const leave = new AbortController();
  globalThis.fetch = (_url, options) =>
    new Promise((_done, failed) => options?.signal?.addEventListener("abort", () => failed(new Error("aborted"))));
  const asked = api.cameras(leave.signal);
  leave.abort();
  await assert.rejects(asked);
});
