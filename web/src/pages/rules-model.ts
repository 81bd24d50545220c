/** Owns zones and rules as data: words for each kind, what a kind needs, what is wrong in a draft. */
import { suggestId } from "../text/words.ts";
import type { Camera, Corner, Rule, RuleKind, Zone, ZoneShape } from "../types.ts";

export interface RulesDraft {
  zones: Zone[];
  rules: Rule[];
  version: number;
}

/** Where a kind looks: an area, a line, either, or nowhere in particular. */
type Place = "area" | "line" | "any" | "none";

interface KindWords {
  kind: RuleKind;
  /** Completes "Tell me when …". */
  when: string;
  place: Place;
  /** It also works for the whole picture. */
  whole: boolean;
  seconds?: { word: string; usual: number };
  count?: { word: string; usual: number };
}

export const KINDS: readonly KindWords[] = [
  { kind: "motion", when: "anything moves", place: "area", whole: true },
  { kind: "cross", when: "something crosses a line", place: "line", whole: false },
  { kind: "enter", when: "something enters an area", place: "area", whole: false },
  { kind: "leave", when: "something leaves an area", place: "area", whole: false },
  { kind: "dwell", when: "something was in an area, and how long", place: "area", whole: false },
  { kind: "loiter", when: "something stays too long", place: "area", whole: true, seconds: { word: "Longer than", usual: 10 } },
  { kind: "crowd", when: "many are there at once", place: "area", whole: true, count: { word: "At least", usual: 3 }, seconds: { word: "For", usual: 2 } },
  { kind: "wrong-way", when: "something goes the wrong way", place: "any", whole: false },
  { kind: "left", when: "an object is left behind", place: "area", whole: true, seconds: { word: "Alone for", usual: 10 } },
  { kind: "taken", when: "an object is taken away", place: "area", whole: true, seconds: { word: "Gone for", usual: 10 } },
  { kind: "tamper", when: "somebody tampers with the camera", place: "none", whole: true },
  { kind: "anomaly", when: "it is not as usual, as it was learned", place: "none", whole: true },
];

export const HEADINGS = [
  ["right", "→ to the right"],
  ["down-right", "↘ right and down"],
  ["down", "↓ down"],
  ["down-left", "↙ left and down"],
  ["left", "← to the left"],
  ["up-left", "↖ left and up"],
  ["up", "↑ up"],
  ["up-right", "↗ right and up"],
] as const;

/** What there is to know of a kind. */
export function wordsOf(kind: RuleKind): KindWords {
  return KINDS.find((words) => words.kind === kind) ?? (KINDS[0] as KindWords);
}

/** A draft that changes a camera's rules. */
export function draftOf(camera: Camera): RulesDraft {
  return { zones: camera.zones, rules: camera.rules, version: camera.version };
}

/** The zones that a kind can be about. */
export function zonesFor(kind: RuleKind, zones: readonly Zone[]): Zone[] {
  const { place } = wordsOf(kind);
  return zones.filter((zone) => place === "any" || place === zone.shape);
}

/** A new zone with a name of its own. */
export function newZone(shape: ZoneShape, corners: Corner[], zones: readonly Zone[]): Zone {
  const word = shape === "line" ? "Line" : "Area";
  let n = 1;
  while (zones.some((zone) => zone.name === `${word} ${n}`)) n += 1;
  const name = `${word} ${n}`;
  return { id: suggestId(name, zones.map((zone) => zone.id)), name, shape, corners };
}

/** A new rule of a kind that fits a zone, if one is given. */
export function newRule(kind: RuleKind, zone: Zone | undefined, rules: readonly Rule[]): Rule {
  const id = suggestId(zone ? `${kind}-${zone.id}` : kind, rules.map((rule) => rule.id));
  return fit({ id, kind, direction: "both", enabled: true, notify: true, ...(zone ? { zone: zone.id } : {}) }, zone ? [zone] : []);
}

/** A rule whose fields fit its kind and place; what does not belong goes. */
export function fit(rule: Rule, zones: readonly Zone[]): Rule {
  const words = wordsOf(rule.kind);
  const zone = zonesFor(rule.kind, zones).find((one) => one.id === rule.zone);
  const { zone: _zone, seconds, count, heading, ...kept } = rule;
  const way = rule.kind === "wrong-way";
  return {
    ...kept,
    ...(zone ? { zone: zone.id } : {}),
    ...(words.seconds && seconds !== undefined ? { seconds } : {}),
    ...(words.count && count !== undefined ? { count } : {}),
    ...(way && zone?.shape === "area" ? { heading: heading ?? "right" } : {}),
    direction: zone?.shape !== "line" ? "both" : way && rule.direction === "both" ? "a_to_b" : rule.direction,
  };
}

/** The draft without a zone, and without the rules that speak of it. */
export function withoutZone(draft: RulesDraft, id: string): RulesDraft {
  return {
    ...draft,
    zones: draft.zones.filter((zone) => zone.id !== id),
    rules: draft.rules.filter((rule) => rule.zone !== id),
  };
}

/** What is wrong with a rule, in words; nothing when it can be saved. */
export function ruleProblem(rule: Rule, zones: readonly Zone[]): string | undefined {
  const words = wordsOf(rule.kind);
  if (!words.whole && !zones.some((zone) => zone.id === rule.zone)) {
    const what = words.place === "line" ? "a line" : words.place === "any" ? "a line or an area" : "an area";
    return `Draw ${what} in the picture, then choose it here.`;
  }
  if (rule.seconds !== undefined && !(rule.seconds >= 1 && rule.seconds <= 86_400)) return "Seconds are 1 to 86400.";
  if (rule.count !== undefined && !(rule.count >= 2 && rule.count <= 64)) return "The number is 2 to 64.";
  return undefined;
}

/** Whether corners make a zone that something can be in or go over. */
export function isWhole(shape: ZoneShape, corners: readonly Corner[]): boolean {
  const spots = new Set(corners.map((corner) => `${corner.x},${corner.y}`));
  if (shape === "line") return spots.size >= 2;
  let area = 0;
  corners.forEach((a, n) => {
    const b = corners[(n + 1) % corners.length] ?? a;
    area += a.x * b.y - b.x * a.y;
  });
  return spots.size >= 3 && Math.abs(area) > 200;
}

/** Where to write A and B beside a line: on its left and right as drawn, in 1/1000 of the picture. */
export function sides(corners: readonly Corner[]): { a: Corner; b: Corner } | undefined {
  const at = Math.max(0, Math.ceil(corners.length / 2) - 1);
  const [from, to] = [corners[at], corners[at + 1]];
  if (!from || !to) return undefined;
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const [mx, my] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  const beside = (sign: number): Corner => ({
    x: Math.min(980, Math.max(20, Math.round(mx - (sign * dy * 45) / length))),
    y: Math.min(970, Math.max(30, Math.round(my + (sign * dx * 45) / length))),
  });
  return { a: beside(-1), b: beside(1) };
}
