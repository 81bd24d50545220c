// Owns what the fake server says: cameras, events, timelines, system, in several moods (FAKE_MOOD).
const HOUR = 3_600_000_000;
const now = () => Date.now() * 1000;
const NAMES = [
  ["front-gate", "Front gate"],
  ["yard", "Loading yard"],
  ["lobby", "Lobby"],
  ["park", "Park, north path <b>&amp;</b>"],
  ["garage", "Garage"],
  ["stairs", "Staircase B"],
  ["roof", "Roof"],
  ["warehouse", "Warehouse, aisle 12 by the cold store"],
];

/** The mood: well, trouble, empty, many. */
export const mood = process.env.FAKE_MOOD ?? "well";

export function cameras() {
  const count = mood === "empty" ? 0 : mood === "many" ? 400 : mood === "trouble" ? 8 : 4;
  return Array.from({ length: count }, (_, n) => camera(n));
}

const changed = new Map();

/** Takes zones and rules of a camera, and shows the camera with them. */
export function setRules(id, { zones, rules }) {
  changed.set(id, { zones, rules });
  return cameras().find((camera) => camera.id === id);
}

function camera(n) {
  const [id, name] = NAMES[n % NAMES.length];
  const state = mood === "trouble" ? ["live", "live", "offline", "live", "connecting", "disabled", "ended", "live"][n % 8] : "live";
  const reasons = { offline: "The camera refuses the password (401). Check user name and password in its settings.", ended: "The file was played once to its end." };
  return {
    id: n < NAMES.length ? id : `${id}-${n}`,
    name: n < NAMES.length ? name : `${name} ${n}`,
    enabled: state !== "disabled",
    state,
    reason: reasons[state],
    since_us: now() - 3 * HOUR,
    ...(state === "live" ? { codec: "h264", width: 640, height: 360, frame_rate: 15, bit_rate_bps: 840_000 + n * 120_000 } : {}),
    audio: n === 2,
    last_unit_us: now() - (state === "live" ? 80_000 : HOUR / 3),
    capture_source: n === 1 ? "rtcp" : "arrival",
    capture_error_us: n === 1 ? 5_000 : 20_000,
    reconnects: n === 1 ? 2 : 0,
    dropped: 0,
    sources: [{ stream: "main", address: process.env.FAKE_ADDRESS ?? `rtsp://192.168.1.${20 + n}:554/stream1`, username: "flumen", has_password: true, record: true, analyse: true, live: true, transport: "tcp", once: false }],
    policy: { priority: 0, sensitivity: 0, min_object_permille: 0 },
    ...(changed.get(id) ?? { zones: n % 4 === 0 ? ZONES : [], rules: n % 4 === 0 ? RULES : [] }),
    time_zone: "Europe/Berlin",
    version: 3,
    coverage_24h: n === 1 ? 0.99931 : state === "live" ? 1 : 0.874,
  };
}

const ZONES = [
  { id: "gate", name: "Gate", shape: "line", corners: [{ x: 480, y: 950 }, { x: 560, y: 380 }] },
  { id: "bench", name: "Bench", shape: "area", corners: [{ x: 90, y: 520 }, { x: 380, y: 500 }, { x: 400, y: 840 }, { x: 120, y: 900 }] },
];
const RULES = [
  { id: "cross-gate", kind: "cross", zone: "gate", direction: "a_to_b", enabled: true, notify: true },
  { id: "loiter-bench", kind: "loiter", zone: "bench", seconds: 30, direction: "both", enabled: true, notify: false },
  { id: "way-bench", kind: "wrong-way", zone: "bench", heading: "left", direction: "both", enabled: false, notify: true },
];

const KINDS = ["motion", "cross", "enter", "scene_cut", "loiter", "left", "tamper"];
const START = now();

/** All events of the last 30 hours, newest first. */
export function events() {
  const list = [];
  const all = cameras().slice(0, 8);
  for (let n = 0; n < 90 && all.length > 0; n += 1) {
    const begin = START - (n < 40 ? n * 47_000_000 : 1_900_000_000 + (n - 40) * 2_100_000_000) - 20_000_000;
    const going = n === 0 && now() - START < 60_000_000;
    list.push({
      id: (n * 7919 + 4096).toString(16).padStart(32, "0"),
      camera: all[(n * 5 + (n >> 2)) % all.length].id,
      kind: KINDS[n % KINDS.length],
      phase: going ? "begin" : "end",
      begin_us: begin,
      ...(going ? {} : { end_us: begin + 2_400_000 + ((n * 3_137_000) % 21_000_000) }),
      score: 700,
      ...(KINDS[n % KINDS.length] === "cross" ? { zone: "gate", detail: "A to B" } : {}),
      track: n,
      picture: n % 11 === 7 ? undefined : `/api/v1/events/${(n * 7919 + 4096).toString(16).padStart(32, "0")}/picture.jpg`,
    });
  }
  return list;
}

export function timeline(id, from, to) {
  const midnight = new Date().setHours(0, 0, 0, 0) * 1000;
  const start = Math.max(from, midnight + (mood === "trouble" ? 6 * HOUR : 0));
  const gap = { start_us: START - 0.4 * HOUR, end_us: START - 0.36 * HOUR, cause: "offline", detail: "no answer from the camera" };
  const end = Math.min(to, now() - 8_000_000);
  const segments = [];
  for (let at = start; at < end; at += 60_000_000) {
    const stop = Math.min(end, at + 60_000_000);
    if (stop <= gap.start_us || at >= gap.end_us) segments.push({ start_us: at, end_us: stop });
    else {
      if (at < gap.start_us) segments.push({ start_us: at, end_us: gap.start_us });
      if (stop > gap.end_us) segments.push({ start_us: gap.end_us, end_us: stop });
    }
  }
  const shed = { start_us: START - 0.2 * HOUR, end_us: START - 0.19 * HOUR, cause: "shed", detail: "" };
  const inside = (event) => event.camera === id && event.begin_us >= from && event.begin_us < to;
  const pending = mood !== "trouble" && to > end ? [{ start_us: end, end_us: Math.min(to, now()) }] : [];
  return { segments, pending, gaps: [gap, shed].filter((g) => g.end_us > from && g.start_us < to), events: events().filter(inside) };
}

export function system() {
  const trouble = mood === "trouble";
  const stages = cameras().slice(0, 8).flatMap((camera, n) => [
    { name: "ingest", camera: camera.id, ...(camera.state === "live" ? { rate_hz: 15, lag_us: 4_000 } : {}), dropped: 0, healthy: camera.state === "live", detail: camera.state === "live" ? "" : `${camera.state} for 3 h` },
    { name: "analysis", camera: camera.id, rate_hz: camera.state === "live" ? 14.9 : 0, ...(camera.state === "live" ? { lag_us: trouble && n === 3 ? 2_300_000 : 31_000 + n * 4000 } : {}), dropped: trouble && n === 3 ? 184 : 0, healthy: !(trouble && n === 3), detail: trouble && n === 3 ? "Too slow: whole GOPs are left out" : "" },
  ]);
  return {
    version: "0.1.0",
    started_us: now() - 8.2 * HOUR,
    now_us: now(),
    data_dir: "/var/lib/flumen",
    disk: { total_bytes: 2_000_398_934_016, free_bytes: trouble ? 71_000_000_000 : 811_000_000_000 },
    stages: [...stages, { name: "journal", rate_hz: 60, lag_us: 48_000, dropped: 0, healthy: true, detail: "" }, { name: "archive", rate_hz: 60, lag_us: 6_200_000, dropped: 0, healthy: true, detail: "" }],
    bus: bus(trouble),
    engines: mood === "cluster" || trouble ? [flink(trouble)] : [],
    problems: trouble
      ? [
          { what: "The camera refuses the password", where: "Lobby", fix: "Open its settings, write user name and password again, and press “Try it”." },
          { what: "Analysis does not keep up and leaves out pictures; recording is whole", where: "Park", fix: "Use the camera's smaller stream for analysis, lower its frame rate, or give the machine more cores." },
          { what: "The disk is 96 % full", where: "/var/lib/flumen", fix: "Lower “keep for days” of some cameras or add space. At 98 % the oldest recordings are deleted." },
        ]
      : [],
  };
}

function bus(trouble) {
  const topic = (name, records, bytes) => ({ name, partitions: 12, records, bytes });
  const quiet = { spooled_records: 0, spooled_bytes: 0, dropped: 0 };
  if (!trouble && mood !== "cluster") return { kind: "embedded", reachable: true, brokers: [], topics: [], ...quiet };
  return {
    kind: "kafka",
    reachable: !trouble,
    ...(trouble ? { detail: "no broker has answered for 47 s" } : {}),
    brokers: [1, 2, 3].map((id) => ({ id, address: `10.0.0.${id}:9092`, up: !trouble })),
    topics: [topic("flumen.video", 5_184_000, 41_000_000_000), topic("flumen.frames", 9_000_000, 900_000_000)],
    ...quiet,
    ...(trouble ? { spooled_records: 8_412, spooled_bytes: 71_000_000, spooled_since_us: now() - 47_000_000 } : {}),
    analysis_waiting: 14,
    analysis_lag_us: 96_000,
  };
}

function flink(trouble) {
  return {
    kind: "flink", address: "http://10.0.0.4:8081", reachable: true, heard_us: now(), version: "2.2.1", workers: 2, slots: 8, free_slots: 4,
    jobs: [{
      id: "5f2ab9e0c1d24d0c9a7e", name: "flumen", state: trouble ? "RESTARTING" : "RUNNING", started_us: now() - 5 * HOUR, restarts: trouble ? 3 : 0,
      ...(trouble ? { failure: "java.io.IOException: no broker answers" } : {}),
      checkpoints: 1_790, failed_checkpoints: trouble ? 2 : 0,
      last_checkpoint: { id: 1_792, at_us: now() - 6_000_000, duration_us: 420_000, bytes: 3_400_000 },
    }],
  };
}

/** Made boxes that wander through the picture. */
export function boxes(n, index) {
  const list = [];
  for (let k = 0; k <= n % 2; k += 1) {
    const phase = (index / 300 + k * 0.5 + n * 0.13) % 1;
    if (phase > 0.7) continue;
    list.push({ track: 12 + n * 10 + k, left: Math.round(phase * 860 - 40), top: Math.round(150 + 60 * k + 20 * Math.sin(phase * 9)), width: 64, height: 110, score: 800 });
  }
  return list;
}
