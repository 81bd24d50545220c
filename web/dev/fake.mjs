// A fake Flumen for looking at the pages: node dev/fake.mjs, then http://127.0.0.1:4400.
//
// Serves dist/ and says what world.mjs makes up, with live video from clips.mjs (needs ffmpeg).
// Environment: FAKE_PORT, FAKE_MOOD (well, trouble, empty, many), FAKE_CLIPS (a directory of MP4).
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { clips, FPS } from "./clips.mjs";
import { accept } from "./sockets.mjs";
import * as world from "./world.mjs";

const port = Number(process.env.FAKE_PORT ?? 4400);
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const footage = clips(join(tmpdir(), `flumen-fake-${(process.env.FAKE_CLIPS ?? "tests").replace(/\W+/g, "-")}`));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws:; base-uri 'none'";
const clipOf = (id) => footage[Math.max(0, world.cameras().findIndex((camera) => camera.id === id)) % footage.length];

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://fake");
  answer(request, response, url).catch((error) => problem(response, 500, String(error)));
});

async function answer(request, response, url) {
  response.setHeader("content-security-policy", CSP);
  if (!url.pathname.startsWith("/api/")) return file(response, url.pathname);
  const path = url.pathname.slice("/api/v1".length);
  const us = (key) => (url.searchParams.has(key) ? Number(url.searchParams.get(key)) : undefined);
  if (path === "/cameras" && request.method === "GET") return json(response, { cameras: world.cameras() });
  if (path === "/system") return json(response, world.system());
  if (path === "/probe") return json(response, await probe(request));
  if (path === "/events") return json(response, events(url.searchParams, us));
  const [, kind, id, leaf] = path.split("/");
  if (kind === "events" && leaf === "picture.jpg") {
    const all = world.events();
    const at = all.findIndex((event) => event.id === id);
    const { stills } = clipOf(all[at]?.camera);
    return bytes(response, "image/jpeg", stills[Math.max(0, at * 3) % stills.length]);
  }
  if (kind === "cameras" && leaf === "timeline") return json(response, world.timeline(id, us("from_us"), us("to_us")));
  if (kind === "cameras" && leaf === "video.mp4") return bytes(response, "video/mp4", clipOf(id).whole);
  if (kind === "cameras" && leaf === "snapshot.jpg") return bytes(response, "image/jpeg", clipOf(id).stills[0]);
  if (kind === "cameras" && leaf === "rules" && request.method === "PUT") return json(response, world.setRules(id, await body(request)));
  if (kind === "cameras" && request.method !== "GET") return json(response, {});
  return problem(response, 404, "The fake server does not know this.");
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

function events(query, us) {
  const before = us("before_us") ?? Infinity;
  const fits = world.events().filter(
    (event) =>
      (!query.get("camera") || event.camera === query.get("camera")) &&
      (!query.get("kind") || event.kind === query.get("kind")) &&
      (!query.get("zone") || event.zone === query.get("zone")) &&
      event.begin_us >= (us("from_us") ?? 0) && event.begin_us < Math.min(before, us("to_us") ?? Infinity),
  );
  const page = fits.slice(0, us("limit") ?? 50);
  return { events: page, ...(fits.length > page.length ? { next_before_us: page[page.length - 1].begin_us } : {}) };
}

async function probe(request) {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { address } = JSON.parse(body);
  await new Promise((done) => setTimeout(done, 700));
  if (/^synthetic:(street|yard|lobby|park)/.test(address)) {
    const picture = `data:image/jpeg;base64,${footage[0].stills[0].toString("base64")}`;
    return { ok: true, codec: "h264", width: 640, height: 360, frame_rate: 15, audio: false, picture };
  }
  return { ok: false, reason: "Nothing answers at 192.168.1.20 port 554.", fix: "Check the address and that the camera is on. From this machine, “ping 192.168.1.20” should answer." };
}

async function file(response, path) {
  const safe = normalize(path).replace(/^(\.\.[/\\])+/, "");
  const name = extname(safe) === "" ? "/index.html" : safe;
  try {
    bytes(response, TYPES[extname(name)] ?? "application/octet-stream", await readFile(join(dist, name)));
  } catch {
    problem(response, 404, "No such file. Run npm run build first.");
  }
}

function json(response, value) {
  bytes(response, "application/json", Buffer.from(JSON.stringify(value)));
}

function bytes(response, type, data) {
  response.writeHead(200, { "content-type": type, "content-length": data.length, "cache-control": "no-store" });
  response.end(data);
}

function problem(response, status, detail) {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title: "Fake", status, detail }));
}

server.on("upgrade", (request, socket) => {
  const path = new URL(request.url, "http://fake").pathname;
  const peer = accept(request, socket);
  if (path === "/api/v1/events/live") return arrivals(peer);
  live(peer, decodeURIComponent(path.split("/")[4]));
});

function arrivals(peer) {
  const timer = setInterval(() => {
    const [first] = world.events();
    if (!first) return;
    const id = `${Date.now().toString(16).padStart(32, "0")}`;
    peer.send(JSON.stringify({ ...first, id, phase: "begin", end_us: undefined, begin_us: Date.now() * 1000 }));
  }, 9000);
  peer.onClose = () => clearInterval(timer);
}

/** Plays a clip in a loop, a new epoch each time, from the last key frame of a common clock. */
function live(peer, id) {
  const clip = clipOf(id);
  const seed = world.cameras().findIndex((camera) => camera.id === id);
  const length = clip.fragments.length;
  const place = () => {
    const frame = Math.floor((Date.now() / 1000) * FPS);
    return { epoch: Math.floor(frame / length), index: frame % length };
  };
  const first = place();
  let { epoch } = first;
  let index = first.index - (first.index % 30);
  const baseOf = (turn) => Math.round((turn * length * 1e6) / FPS);
  const begin = () => {
    peer.send(JSON.stringify({ type: "init", mode: "mse", mime: 'video/mp4; codecs="avc1.64001f"', width: 640, height: 360, epoch, base_us: baseOf(epoch) }));
    peer.send(Buffer.concat([Buffer.from([0]), clip.init]));
  };
  begin();
  const timer = setInterval(() => {
    for (let now = place(); epoch < now.epoch || index <= now.index; ) {
      if (index >= length) {
        epoch += 1;
        index = 0;
        begin();
        continue;
      }
      peer.send(Buffer.concat([Buffer.from([1]), clip.fragments[index].data]));
      tellBoxes(epoch, index);
      index += 1;
    }
  }, 20);
  const tellBoxes = (turn, at) => {
    const boxes = clip.tracks ? (clip.tracks.get(at) ?? []) : world.boxes(seed, at);
    const pts_us = baseOf(turn) + Math.round((at * 1e6) / FPS);
    const told = { type: "boxes", epoch: turn, pts_us, width: 640, height: 360, boxes, motion_permyriad: boxes.length * 120 };
    setTimeout(() => peer.send(JSON.stringify(told)), 60);
  };
  peer.onClose = () => clearInterval(timer);
}

server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port} (${world.mood})`));
