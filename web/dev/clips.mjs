// Owns the footage of the fake server: clips as fragmented MP4, one fragment a picture, and stills.
// Footage comes from FAKE_CLIPS (a directory of MP4 files, or of directories as `flumen farm make`
// writes them, whose tracks.txt then gives the boxes) or from ffmpeg's test sources.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { join } from "node:path";

export const FPS = 15;
const SECONDS = 40;
const TESTS = ["testsrc2=size=640x360:rate=15", "mandelbrot=size=640x360:rate=15", "life=size=640x360:rate=15:mold=10:ratio=0.1:death_color=#203040:life_color=#e0b040", "smptehdbars=size=640x360:rate=15"];

/** Up to four clips: {init, fragments: [{data, key}], whole, stills}. */
export function clips(cache) {
  mkdirSync(cache, { recursive: true });
  const dir = process.env.FAKE_CLIPS;
  const names = dir ? readdirSync(dir).slice(0, 8) : [];
  const files = names.flatMap((name) => [join(dir, name), join(dir, name, "video.mp4")]).filter((name) => name.endsWith(".mp4") && existsSync(name));
  const inputs = files.length > 0 ? files.map((file) => ["-i", file]) : TESTS.map((test) => ["-f", "lavfi", "-i", test]);
  return inputs.map((input, n) => ({ ...make(input, join(cache, `clip-${n}`)), tracks: tracksOf(files[n]) }));
}

function make(input, base) {
  const file = `${base}.mp4`;
  if (!existsSync(file)) {
    ffmpeg([...input, "-an", "-t", SECONDS, "-vf", `scale=640:-2,fps=${FPS}`, "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30", "-pix_fmt", "yuv420p", "-video_track_timescale", "15000", "-movflags", "frag_every_frame+empty_moov+default_base_moof", file]);
    ffmpeg(["-i", file, "-vf", "fps=1/3,scale=480:-2", "-q:v", "5", `${base}-%02d.jpg`]);
  }
  const whole = readFileSync(file);
  const stills = [];
  for (let n = 1; existsSync(`${base}-${String(n).padStart(2, "0")}.jpg`); n += 1) {
    stills.push(readFileSync(`${base}-${String(n).padStart(2, "0")}.jpg`));
  }
  return { ...split(whole), whole, stills };
}

/** The boxes by picture, when the clip has truth beside it. */
function tracksOf(file) {
  const path = file && join(dirname(file), "tracks.txt");
  if (!path || !existsSync(path)) return undefined;
  const tracks = new Map();
  for (const line of readFileSync(path, "utf8").trim().split("\n")) {
    const [frame, track, left, top, width, height] = line.split(",").map(Number);
    tracks.set(frame - 1, [...(tracks.get(frame - 1) ?? []), { track, left, top, width, height, score: 900 }]);
  }
  return tracks;
}

function ffmpeg(args) {
  execFileSync("ffmpeg", ["-loglevel", "error", "-y", ...args.map(String)]);
}

function split(bytes) {
  const head = [];
  const fragments = [];
  let moof;
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    const box = bytes.subarray(at, at + size);
    if (type === "ftyp" || type === "moov") head.push(box);
    if (type === "moof") moof = box;
    if (type === "mdat" && moof) fragments.push({ data: Buffer.concat([moof, box]), key: fragments.length % 30 === 0 });
    at += size;
  }
  return { init: Buffer.concat(head), fragments };
}
