// Takes a screenshot of every page at both widths and in both themes: node dev/look.mjs URL DIR [page ...].
import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";

const [url = "http://127.0.0.1:4400", dir = "/tmp/flumen-look", ...only] = process.argv.slice(2);
const first = (await (await fetch(`${url}/api/v1/cameras`)).json()).cameras[0]?.id;
const PAGES = [
  ["wall", "/"],
  ...(first ? [["camera", `/camera/${first}`], ["edit", `/camera/${first}/edit`]] : []),
  ["events", "/events"],
  ["system", "/system"],
  ["add", "/cameras/new"],
  ["missing", "/nothing/here"],
].filter(([name]) => only.length === 0 || only.includes(name));
const SIZES = [["desktop", 1440, 900, "dark"], ["desktop-light", 1440, 900, "light"], ["phone", 390, 844, "dark"], ["phone-light", 390, 844, "light"]];

await mkdir(dir, { recursive: true });
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
for (const [size, width, height, colorScheme] of SIZES) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, deviceScaleFactor: width < 500 ? 2 : 1, hasTouch: width < 500 });
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && console.log(size, message.text()));
  page.on("pageerror", (error) => console.log(size, String(error)));
  for (const [name, path] of PAGES) {
    await page.goto(url + path);
    await page.waitForTimeout(name === "wall" || name === "camera" ? 3500 : 1200);
    await page.screenshot({ path: `${dir}/${name}-${size}.png` });
  }
  await page.close();
}
await browser.close();
