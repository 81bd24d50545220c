// Drives Chromium through a running Flumen and says what a person would see.
//
// FLUMEN_URL (required), FLUMEN_SHOTS (a folder for screenshots), FLUMEN_LIVE (how many live videos
// the wall must show; default all cameras that the API calls live), FLUMEN_TRUTH (a folder with
// <camera>/tracks.txt as `flumen farm make` writes them, for the exactest check of boxes),
// FLUMEN_CHROMIUM (default /usr/bin/chromium), FLUMEN_WAIT_S (longest wait for pictures and for the
// archive's first segment; default 120). Prints one JSON report; exit 1 when something is wrong.
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { playheads, watch } from "./in-page.mjs";
import { bestShift, compareCodes, readTruth } from "./judge.mjs";

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** Runs everything; answers {ok, failures, facts}. */
export async function check({ url, shots, live, truth, waitS = 120, executablePath = "/usr/bin/chromium" }) {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--autoplay-policy=no-user-gesture-required"],
  });
  const run = { url, shots, waitMs: waitS * 1000, truth, failures: [], facts: {} };
  try {
    if (shots) await mkdir(shots, { recursive: true });
    await part(run, "cameras", async () => (run.cameras = await liveCameras(run, live)));
    if (!run.cameras) return { ok: false, failures: run.failures, facts: run.facts };
    const context = await browser.newContext({ viewport: SIZES.desktop, colorScheme: "dark" });
    const page = await context.newPage();
    listen(page, run);
    await part(run, "wall", () => wall(page, run));
    for (const camera of run.cameras.filter(isSynthetic).slice(0, 2)) {
      await part(run, `boxes of ${camera.id}`, () => boxes(page, run, camera));
    }
    await part(run, "playback", () => playback(page, run));
    await part(run, "events", () => events(page, run));
    await part(run, "system", () => system(page, run));
    await part(run, "add", () => add(page, run));
    await part(run, "missing", () => missing(page, run));
    await context.close();
    await part(run, "screenshots", () => screenshots(browser, run));
  } finally {
    await browser.close();
  }
  return { ok: run.failures.length === 0, failures: run.failures, facts: run.facts };
}

async function part(run, name, work) {
  try {
    await work();
  } catch (error) {
    run.failures.push(`${name}: ${String(error.message ?? error).split("\n").slice(0, 3).join(" ")}`);
  }
}

function must(condition, words) {
  if (!condition) throw new Error(words);
}

function listen(page, run) {
  page.on("pageerror", (error) => run.failures.push(`script error at ${page.url()}: ${error}`));
  page.on("console", (message) => {
    // A moment that the archive has not written yet answers 404; the page says so in words.
    const archive = /video\.mp4|snapshot\.jpg/.test(message.location().url ?? "");
    if (message.type() === "error" && !archive) run.failures.push(`console at ${page.url()}: ${message.text()}`);
  });
}

async function api(run, path) {
  const answer = await fetch(`${run.url}/api/v1${path}`);
  must(answer.ok, `GET ${path} answered ${answer.status}`);
  return answer.json();
}

async function liveCameras(run, wanted) {
  const end = Date.now() + run.waitMs;
  for (;;) {
    const told = await api(run, "/cameras").catch((error) => ({ cameras: [], error }));
    const cameras = told.cameras.filter((camera) => camera.state === "live" && camera.frame_rate > 0);
    if (cameras.length >= (wanted ?? 1)) return cameras;
    must(Date.now() < end, told.error ? `${run.url}: ${told.error.message}` : `${cameras.length} of ${wanted ?? 1} cameras are live`);
    await new Promise((done) => setTimeout(done, 500));
  }
}

const isSynthetic = (camera) => camera.sources.some((source) => source.address.startsWith("synthetic:"));

async function wall(page, run) {
  await page.goto(`${run.url}/`);
  const ids = run.cameras.map((camera) => camera.id);
  await page.waitForFunction(
    (wanted) => wanted.every((id) => globalThis.__flumen?.cameras[id] !== undefined),
    ids,
    { timeout: run.waitMs },
  );
  const before = await page.evaluate(playheads);
  // What this browser cannot play as video comes as a key picture now and then.
  const still = new Set(run.cameras.filter((camera) => camera.codec !== "h264").map((camera) => camera.id));
  await page.waitForTimeout(still.size > 0 ? 8000 : 3000);
  const after = await page.evaluate(playheads);
  const moved = ids.filter((id) => {
    const [a, b] = [before, after].map((list) => list.find((video) => video.camera === id));
    return a && b && b.shown > a.shown && (still.has(id) || b.at > a.at);
  });
  run.facts.wall = { live: ids.length, playing: moved.length };
  must(moved.length === ids.length, `only ${moved.join(", ")} of ${ids.join(", ")} play`);
}

async function boxes(page, run, camera) {
  await page.goto(`${run.url}/camera/${camera.id}`);
  await page.waitForFunction((id) => globalThis.__flumen?.cameras[id] !== undefined, camera.id, { timeout: run.waitMs });
  await page.waitForTimeout(2500);
  const { samples, counts } = await page.evaluate(watch, { camera: camera.id, ms: 12_000 });
  const fps = Number(/[?&]fps=(\d+)/.exec(camera.sources[0].address)?.[1] ?? Math.round(camera.frame_rate));
  const codes = compareCodes(samples, fps);
  const facts = { ...counts, codesCompared: codes.compared, codesWrong: codes.wrong.length, loops: codes.loops };
  run.facts[`boxes ${camera.id}`] = facts;
  must(codes.compared >= 20, `only ${codes.compared} codes could be compared (${JSON.stringify(counts)})`);
  must(codes.wrong.length === 0, `codes and pts disagree: ${JSON.stringify(codes.wrong[0])}`);
  const known = samples.length - counts.withoutBoxes;
  must(known >= samples.length / 2, `only ${known} of ${samples.length} pictures had their analysis in time`);
  const file = run.truth ? join(run.truth, camera.id, "tracks.txt") : "";
  if (file && existsSync(file)) {
    facts.shift = bestShift(samples, readTruth(await readFile(file, "utf8")));
    const few = facts.shift.samples < 20;
    must(few || Math.abs(facts.shift.best) <= 1, `boxes fit pictures ${facts.shift.best} later: ${JSON.stringify(facts.shift.scores)}`);
  }
}

async function playback(page, run) {
  const [camera] = run.cameras;
  const end = Date.now() + run.waitMs;
  let segments = [];
  for (;;) {
    const now = Date.now() * 1000;
    ({ segments } = await api(run, `/cameras/${camera.id}/timeline?from_us=${now - 3_600_000_000}&to_us=${now}`));
    if (segments.length > 0) break;
    must(Date.now() < end, "nothing came into the archive");
    await new Promise((done) => setTimeout(done, 2000));
  }
  const last = segments[segments.length - 1];
  await page.goto(`${run.url}/camera/${camera.id}?at=${Math.round((last.start_us + last.end_us) / 2)}`);
  await page.waitForFunction(() => (document.querySelector("video.playback")?.currentTime ?? 0) > 1, undefined, { timeout: 20_000 });
  run.facts.playback = { segments: segments.length };
  await shoot(page, run, "playback-desktop");
  await page.locator(".strip").focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction(() => (document.querySelector("video.playback")?.currentTime ?? 0) > 0.3, undefined, { timeout: 20_000 });
}

async function events(page, run) {
  const end = Date.now() + run.waitMs;
  while ((await api(run, "/events?limit=5")).events.length === 0 && Date.now() < end) {
    await new Promise((done) => setTimeout(done, 1000));
  }
  await page.goto(`${run.url}/events`);
  const cards = page.locator(".event-card");
  await cards.first().waitFor({ timeout: 20_000 });
  run.facts.events = { cards: await cards.count() };
  const oldest = cards.last();
  await oldest.click();
  await page.locator("dialog.moment video, .moment-note").first().waitFor({ timeout: 10_000 });
  await page.waitForFunction(
    () => (document.querySelector("dialog.moment video")?.currentTime ?? 0) > 0.3 || document.querySelector(".moment-note"),
    undefined,
    { timeout: 20_000 },
  );
  run.facts.events.played = await page.evaluate(() => document.querySelector("dialog.moment video") !== null);
  await shoot(page, run, "moment-desktop");
  await page.keyboard.press("Escape");
  await page.locator("dialog.moment").waitFor({ state: "detached" });
}

async function system(page, run) {
  await page.goto(`${run.url}/system`);
  await page.locator(".stages tbody tr").first().waitFor({ timeout: 15_000 });
  run.facts.system = { problems: await page.locator(".problems li").allInnerTexts(), stages: await page.locator(".stages tbody tr").count() };
}

async function add(page, run) {
  await page.goto(`${run.url}/cameras/new`);
  await page.getByLabel("Name", { exact: true }).fill("Try me");
  const address = page.getByLabel("Address", { exact: true });
  await address.fill("rtsp://192.0.2.1/none");
  await address.fill("nonsense:abc");
  must(await page.getByRole("button", { name: "Try it" }).isDisabled(), "an impossible address could be tried");
  await address.fill(run.cameras.find(isSynthetic)?.sources[0].address ?? "synthetic:street");
  await page.getByRole("button", { name: "Try it" }).click();
  await page.locator(".try-stage img").waitFor({ timeout: 60_000 });
  await shoot(page, run, "try-desktop");
  await address.fill("synthetic:nowhere");
  await page.getByRole("button", { name: "Try it" }).click();
  run.facts.refused = await page.locator(".try-reason").innerText({ timeout: 60_000 });
}

async function missing(page, run) {
  await page.goto(`${run.url}/no/such/page`);
  await page.getByText("There is no such page").waitFor({ timeout: 5000 });
}

async function shoot(page, run, name) {
  if (run.shots) await page.screenshot({ path: join(run.shots, `${name}.png`) });
}

async function screenshots(browser, run) {
  if (!run.shots) return;
  const [{ id }] = run.cameras;
  const pages = { wall: "/", camera: `/camera/${id}`, events: "/events", system: "/system", add: "/cameras/new", edit: `/camera/${id}/edit` };
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["dark", "light"]) {
      const page = await browser.newPage({ viewport, colorScheme, deviceScaleFactor: size === "phone" ? 2 : 1, hasTouch: size === "phone" });
      listen(page, run);
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(run.url + path);
        await page.waitForTimeout(name === "wall" || name === "camera" ? 4000 : 1200);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) run.failures.push(`${name} is ${wide} px too wide at ${viewport.width} px`);
        await shoot(page, run, `${name}-${size}${colorScheme === "light" ? "-light" : ""}`);
      }
      await page.close();
    }
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { FLUMEN_URL, FLUMEN_SHOTS, FLUMEN_LIVE, FLUMEN_TRUTH, FLUMEN_CHROMIUM, FLUMEN_WAIT_S } = process.env;
  if (!FLUMEN_URL) {
    console.error("Set FLUMEN_URL to a running Flumen, for example http://127.0.0.1:8080");
    process.exit(2);
  }
  const report = await check({
    url: FLUMEN_URL.replace(/\/$/, ""),
    shots: FLUMEN_SHOTS,
    live: FLUMEN_LIVE ? Number(FLUMEN_LIVE) : undefined,
    truth: FLUMEN_TRUTH,
    ...(FLUMEN_WAIT_S ? { waitS: Number(FLUMEN_WAIT_S) } : {}),
    ...(FLUMEN_CHROMIUM ? { executablePath: FLUMEN_CHROMIUM } : {}),
  });
  console.log(JSON.stringify(report, null, 2));
  process.exitCode = report.ok ? 0 : 1;
}
