/** Owns the reading of the live protocol: text and binary messages into checked shapes. */

export interface Box {
  track: number;
  left: number;
  top: number;
  width: number;
  height: number;
  score: number;
}

export interface Init {
  type: "init";
  mode: "mse" | "mjpeg" | "stills";
  mime: string;
  width: number;
  height: number;
  epoch: number;
  base_us: number;
  reason: string;
}

export interface Boxes {
  type: "boxes";
  epoch: number;
  pts_us: number;
  width: number;
  height: number;
  boxes: Box[];
  motion_permyriad: number;
}

export type Text =
  | Init
  | Boxes
  | { type: "state"; state: string; reason: string; late: string }
  | { type: "skip"; reason: string };

export type Binary =
  | { kind: "init"; data: Uint8Array }
  | { kind: "fragment"; data: Uint8Array }
  | { kind: "jpeg"; pts_us: number; data: Uint8Array };

type Fields = Record<string, unknown>;

const number = (from: Fields, key: string): number => {
  const value = from[key];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
};

const text = (from: Fields, key: string): string => {
  const value = from[key];
  return typeof value === "string" ? value : "";
};

/** A text message; nothing when it is not one that this player knows. */
export function readText(message: string): Text | undefined {
  let read: unknown;
  try {
    read = JSON.parse(message);
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read === null) return undefined;
  const from = read as Fields;
  switch (from["type"]) {
    case "init":
      return readInit(from);
    case "boxes":
      return readBoxes(from);
    case "state":
      return { type: "state", state: text(from, "state"), reason: text(from, "reason"), late: text(from, "late") };
    case "skip":
      return { type: "skip", reason: text(from, "reason") };
    default:
      return undefined;
  }
}

function readInit(from: Fields): Init | undefined {
  const mode = from["mode"];
  if (mode !== "mse" && mode !== "mjpeg" && mode !== "stills") return undefined;
  return {
    type: "init",
    mode,
    mime: text(from, "mime"),
    width: number(from, "width"),
    height: number(from, "height"),
    epoch: number(from, "epoch"),
    base_us: number(from, "base_us"),
    reason: text(from, "reason"),
  };
}

function readBoxes(from: Fields): Boxes {
  const list = Array.isArray(from["boxes"]) ? (from["boxes"] as unknown[]) : [];
  const boxes: Box[] = [];
  for (const entry of list) {
    if (typeof entry !== "object" || entry === null) continue;
    const box = entry as Fields;
    boxes.push({
      track: number(box, "track"),
      left: number(box, "left"),
      top: number(box, "top"),
      width: number(box, "width"),
      height: number(box, "height"),
      score: number(box, "score"),
    });
  }
  return {
    type: "boxes",
    epoch: number(from, "epoch"),
    pts_us: number(from, "pts_us"),
    width: number(from, "width"),
    height: number(from, "height"),
    boxes,
    motion_permyriad: number(from, "motion_permyriad"),
  };
}

/** A binary message: kind 0 init segment, 1 fragment, 2 pts (8 bytes, big end first) and JPEG. */
export function readBinary(message: ArrayBuffer): Binary | undefined {
  if (message.byteLength < 2) return undefined;
  const bytes = new Uint8Array(message);
  switch (bytes[0]) {
    case 0:
      return { kind: "init", data: bytes.subarray(1) };
    case 1:
      return { kind: "fragment", data: bytes.subarray(1) };
    case 2:
      if (message.byteLength < 10) return undefined;
      return {
        kind: "jpeg",
        pts_us: Number(new DataView(message).getBigInt64(1)),
        data: bytes.subarray(9),
      };
    default:
      return undefined;
  }
}

/** The decode time, in microseconds of media time, at which a fragment's first track starts. */
export function fragmentStart(fragment: Uint8Array): number | undefined {
  const view = new DataView(fragment.buffer, fragment.byteOffset, fragment.byteLength);
  let end = fragment.byteLength;
  let at = 0;
  for (const wanted of ["moof", "traf", "tfdt"]) {
    let found = false;
    while (at + 8 <= end) {
      const size = view.getUint32(at);
      if (size < 8 || at + size > end) return undefined;
      const type = String.fromCharCode(...fragment.subarray(at + 4, at + 8));
      if (type === wanted) {
        end = at + size;
        at += 8;
        found = true;
        break;
      }
      at += size;
    }
    if (!found) return undefined;
  }
  if (at + 8 > end) return undefined;
  if (fragment[at] === 1) return at + 12 <= end ? Number(view.getBigUint64(at + 4)) : undefined;
  return view.getUint32(at + 4);
}

const CANDIDATES = [
  "avc1.42e01f",
  "avc1.4d401f",
  "avc1.64001f",
  "avc1.640028",
  "avc1.640033",
  "avc3.64001f",
  "hvc1.1.6.L93.B0",
  "hvc1.1.6.L120.B0",
  "hvc1.1.6.L153.B0",
  "hvc1.2.4.L120.B0",
  "hev1.1.6.L93.B0",
  "hev1.1.6.L120.B0",
  "hev1.1.6.L153.B0",
];

/** What this browser plays, told to the server before anything else. */
export function supports(): string {
  const able = typeof MediaSource === "undefined" ? undefined : MediaSource;
  const mimes: Record<string, boolean> = {};
  for (const codec of CANDIDATES) {
    const mime = `video/mp4; codecs="${codec}"`;
    mimes[mime] = able?.isTypeSupported(mime) ?? false;
  }
  return JSON.stringify({ type: "supports", mimes });
}
