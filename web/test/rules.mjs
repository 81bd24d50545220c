// Draws a line with the mouse in Chromium and follows a crossing: event, picture, filter, play.
//
// FLUMEN_URL and FLUMEN_CAMERA (required), FLUMEN_SHOTS (a folder for screenshots),
// FLUMEN_CHROMIUM (default /usr/bin/chromium). Prints one JSON report with the crossing's id; exit
// 1 when something is wrong.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { FLUMEN_URL: url, FLUMEN_CAMERA: camera, FLUMEN_SHOTS: shots } = process.env;
const PATIENCE = 120_000;
const failures = [];
const facts = {};

function must(condition, words) {
  if (!condition) throw new Error(words);
}

async function shoot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `rules-${name}.png`) });
}

/** Draws a line over the middle of the picture, from below up, and saves it. */
async function draw(page) {
  await page.goto(`${url}/camera/${camera}/rules`);
  const ground = page.locator(".zone-ground");
  await ground.waitFor({ timeout: PATIENCE });
  await page.getByRole("button", { name: "Draw line" }).click();
  const box = await ground.boundingBox();
  must(box, "the picture has no place");
  const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await page.mouse.move(...at(0.5, 0.99));
  await page.mouse.down();
  await page.mouse.move(...at(0.5, 0.5), { steps: 6 });
  await page.mouse.move(...at(0.5, 0.02), { steps: 6 });
  await page.mouse.up();
  await page.getByLabel("Name of the line").fill("Middle");
  must((await page.locator(".zone-side").count()) === 2, "the line shows no sides");
  await shoot(page, "drawn");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor({ timeout: PATIENCE });
  const { zones, rules } = await (await fetch(`${url}/api/v1/cameras/${camera}/rules`)).json();
  must(zones[0]?.name === "Middle" && zones[0].corners.length === 2, `not what was drawn: ${JSON.stringify(zones)}`);
  must(rules.length === 1 && rules[0].kind === "cross", `not a crossing: ${JSON.stringify(rules)}`);
  return zones[0].id;
}

/** Waits on the page of events for a crossing whose picture is shown. */
async function crossing(page, zone) {
  const heard = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      if (!socket.url().endsWith("/events/live")) return;
      const event = JSON.parse(String(payload));
      heard.push({ ...event, lateMs: Date.now() - event.begin_us / 1000 });
    }),
  );
  await page.goto(`${url}/events`);
  const card = page.locator(".event-card", { hasText: "Line crossed" }).first();
  await card.waitFor({ timeout: PATIENCE });
  await card.locator("img").waitFor({ timeout: PATIENCE });
  await page.waitForFunction(
    () => [...document.querySelectorAll(".event-card")].some((one) => one.textContent.includes("Line crossed") && one.querySelector("img")?.naturalWidth > 0),
    undefined,
    { timeout: PATIENCE },
  );
  const told = heard.filter((event) => event.kind === "cross");
  must(told.length > 0, "no crossing came over the socket");
  must(told[0].phase === "begin" && told[0].picture && told[0].zone === zone, `not as it should begin: ${JSON.stringify(told[0])}`);
  must(/^(A to B|B to A)$/.test(told[0].detail), `no direction: ${told[0].detail}`);
  facts.cross = { id: told[0].id, zone, detail: told[0].detail, toldAfterMs: Math.round(told[0].lateMs) };
  await shoot(page, "events");
}

/** Filters by kind and zone. */
async function filter(page, zone) {
  await page.getByLabel("Kind").selectOption("cross");
  await page.getByLabel("Camera").selectOption(camera);
  await page.getByLabel("Zone").selectOption(zone);
  await page.waitForFunction(() => location.search.includes("kind=cross") && location.search.includes("zone="));
  await page.locator(".event-card").first().waitFor({ timeout: PATIENCE });
  const words = await page.locator(".event-card .event-kind").allInnerTexts();
  must(words.length > 0 && words.every((word) => word === "Line crossed"), `the filter lets through ${words}`);
  const places = await page.locator(".event-card .event-camera").allInnerTexts();
  must(places.every((place) => place.includes("Middle")), `not in the zone: ${places}`);
}

/** Plays the oldest crossing, as soon as the archive has it. */
async function play(page) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    await page.locator(".event-card").last().click();
    await page.locator("dialog.moment video, .moment-note").first().waitFor({ timeout: PATIENCE });
    const played = await page
      .waitForFunction(() => (document.querySelector("dialog.moment video")?.currentTime ?? 0) > 0.3, undefined, { timeout: 5000 })
      .then(() => true, () => false);
    if (played) break;
    must(Date.now() < end, "the moment does not play");
    await page.keyboard.press("Escape");
    await page.locator("dialog.moment").waitFor({ state: "detached" });
  }
  await shoot(page, "played");
  facts.played = true;
}

const browser = await chromium.launch({
  executablePath: process.env.FLUMEN_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--autoplay-policy=no-user-gesture-required"],
});
try {
  if (shots) await mkdir(shots, { recursive: true });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: "dark" });
  page.on("pageerror", (error) => failures.push(`script error at ${page.url()}: ${error}`));
  const zone = await draw(page);
  await crossing(page, zone);
  await filter(page, zone);
  await play(page);
  await page.goto(`${url}/camera/${camera}`);
  await page.locator(".zone-overlay polyline").waitFor({ timeout: PATIENCE, state: "attached" });
  await shoot(page, "live");
} catch (error) {
  failures.push(String(error.message ?? error).split("\n").slice(0, 3).join(" "));
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ok: failures.length === 0, failures, facts }, null, 2));
process.exit(failures.length === 0 ? 0 : 1);
