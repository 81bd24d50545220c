/** Owns the words for states, kinds of events and causes of gaps, in one place. */
import type { State } from "../types.ts";

const STATES: Record<State, string> = {
  live: "Live",
  connecting: "Connecting",
  offline: "Offline",
  disabled: "Turned off",
  ended: "Ended",
};

/** A camera's state in a word. */
export function stateWord(state: State): string {
  return STATES[state] ?? state;
}

/** What a person can do about a state; nothing when all is well. */
export function stateAdvice(state: State): string {
  switch (state) {
    case "connecting":
      return "Waiting for the first picture.";
    case "offline":
      return "Flumen keeps trying. Check the camera's power, network and address.";
    case "disabled":
      return "Turn it on again in its settings.";
    case "ended":
      return "The source has played to its end. Play its recording below.";
    default:
      return "";
  }
}

/** A reason from the server as a sentence of its own: a capital first, unless it begins with an address or id. */
export function sentence(words: string): string {
  const plain = words.trim();
  const first = plain.split(/\s/, 1)[0] ?? "";
  return /^[a-z]+[,:]?$/.test(first) ? plain.charAt(0).toUpperCase() + plain.slice(1) : plain;
}

const CLOCKS: Record<string, string> = {
  rtcp: "camera's own (RTCP)",
  camera: "camera's pace, set by arrival",
  arrival: "arrival at this machine",
};

/** By which clock a camera's pictures are dated, and how far that may be off. */
export function clockWord(source: string, errorUs: number | undefined): string {
  const word = CLOCKS[source] ?? source;
  return errorUs === undefined || errorUs <= 0 ? word : `${word}, ±${Math.max(1, Math.round(errorUs / 1000))} ms`;
}

/** `scene_cut` and `scene-cut` as `Scene cut`. */
export function title(word: string): string {
  const plain = word.replace(/[_-]+/g, " ").trim().toLowerCase();
  return plain === "" ? "" : plain.charAt(0).toUpperCase() + plain.slice(1);
}

const KINDS: Record<string, string> = {
  motion: "Motion",
  cross: "Line crossed",
  enter: "Entered",
  leave: "Left the area",
  dwell: "Stayed in the area",
  loiter: "Loitering",
  crowd: "Crowd",
  "wrong-way": "Wrong way",
  left: "Object left",
  taken: "Object taken",
  tamper: "Tampering",
  anomaly: "Not as usual",
};

/** A kind of event in plain words. */
export function kindWord(kind: string): string {
  return KINDS[kind] ?? title(kind);
}

const CAUSES: Record<string, string> = {
  offline: "Camera offline",
  network: "Network fault",
  decoder: "Could not be decoded",
  shed: "Not analysed: the machine was too busy",
  disk: "Disk fault",
  expired: "Deleted by its age or size limit",
  backfilled: "Filled in later",
};

/** The cause of a gap in words. */
export function causeWord(cause: string): string {
  return CAUSES[cause.toLowerCase()] ?? title(cause);
}

/** A camera id made from its name: `Front door` gives `front-door`; unique among `taken`. */
export function suggestId(name: string, taken: readonly string[]): string {
  const plain = name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 56);
  const base = plain === "" ? "camera" : plain;
  let id = base;
  for (let n = 2; taken.includes(id); n += 1) id = `${base}-${n}`;
  return id;
}

/** What is wrong with a camera id, in words; nothing when it is right. */
export function idProblem(id: string): string | undefined {
  if (id === "") return "Give the camera an id.";
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) {
    return "Use small letters, digits and hyphens, beginning with a letter or digit; at most 63.";
  }
  return undefined;
}
