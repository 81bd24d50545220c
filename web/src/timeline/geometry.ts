/** Owns the arithmetic of the timeline: moments to places and back, ticks, spans, what to play. */
import { dayStart } from "../text/time.ts";
import type { Segment } from "../types.ts";

export interface Range {
  from: number;
  to: number;
}

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Lengths that a person can choose, shortest first. */
export const LENGTHS = [
  [10 * MINUTE, "10 min"],
  [HOUR, "1 h"],
  [6 * HOUR, "6 h"],
  [24 * HOUR, "24 h"],
] as const;

/** Longest span asked from the server for one playing. */
const PLAY_MOST = 30 * MINUTE;
/** Holes shorter than this play through. */
const SEAM = SECOND / 2;

/** Where a moment lies in a strip `width` wide; may lie outside it. */
export function placeOf(us: number, range: Range, width: number): number {
  return ((us - range.from) / (range.to - range.from)) * width;
}

/** The moment at a place of the strip, within the range. */
export function momentAt(place: number, range: Range, width: number): number {
  const share = width > 0 ? Math.min(1, Math.max(0, place / width)) : 0;
  return range.from + share * (range.to - range.from);
}

const STEPS = [
  SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
];

/** Round local moments at least `apart` pixels from each other, and whether they need seconds. */
export function ticks(range: Range, width: number, apart = 76): { moments: number[]; seconds: boolean } {
  const length = range.to - range.from;
  if (length <= 0 || width <= 0) return { moments: [], seconds: false };
  const least = (length / width) * apart;
  const step = STEPS.find((candidate) => candidate >= least) ?? 24 * HOUR;
  const midnight = dayStart(range.from);
  const moments: number[] = [];
  for (let at = midnight + Math.ceil((range.from - midnight) / step) * step; at <= range.to; at += step) {
    moments.push(at);
  }
  return { moments, seconds: step < MINUTE };
}

/** Spans in order, cut to the range, with those closer than `seam` joined. */
export function join(spans: readonly Segment[], range: Range, seam: number): Segment[] {
  const sorted = spans
    .filter((span) => span.end_us > range.from && span.start_us < range.to && span.end_us > span.start_us)
    .sort((a, b) => a.start_us - b.start_us);
  const joined: Segment[] = [];
  for (const span of sorted) {
    const start_us = Math.max(span.start_us, range.from);
    const end_us = Math.min(span.end_us, range.to);
    const last = joined[joined.length - 1];
    if (last && start_us - last.end_us <= seam) last.end_us = Math.max(last.end_us, end_us);
    else joined.push({ start_us, end_us });
  }
  return joined;
}

/** The span to play from a moment: to the next hole, or from the next recorded moment after it. */
export function playSpan(segments: readonly Segment[], at: number): Segment | undefined {
  const whole = join(segments, { from: -Infinity, to: Infinity }, SEAM);
  const span = whole.find((candidate) => candidate.end_us > at + SEAM);
  if (!span) return undefined;
  const start_us = Math.max(at, span.start_us);
  return { start_us, end_us: Math.min(span.end_us, start_us + PLAY_MOST) };
}

/** The shortest length that shows everything since `first`; a day at most. */
export function fittingLength(first: number | undefined, now: number): number {
  const past = first === undefined ? 0 : now - first;
  const fitting = LENGTHS.find(([length]) => length >= past);
  return fitting?.[0] ?? 24 * HOUR;
}

/** The range of `length` that ends at `end`; a whole day is the local day. */
export function rangeEnding(end: number, length: number): Range {
  if (length < 24 * HOUR) return { from: end - length, to: end };
  const from = dayStart(end - 1);
  return { from, to: from + 24 * HOUR };
}

/** The line was asked for at most this long ago: what is being written has grown since. */
const GROWN = 100 * SECOND;

/** What is being written now, the last of it up to now while the camera is live. */
export function writing(pending: readonly Segment[], live: boolean, now: number): Segment[] {
  const end = pending.reduce((latest, span) => Math.max(latest, span.end_us), -Infinity);
  const grows = live && now > end && now - end < GROWN;
  return pending.map((span) => (grows && span.end_us === end ? { ...span, end_us: now } : { ...span }));
}

/** What share of a past range is recorded. */
export function covered(segments: readonly Segment[], range: Range, now: number): number {
  const past = { from: range.from, to: Math.min(range.to, now) };
  if (past.to <= past.from) return 0;
  const sum = join(segments, past, 0).reduce((total, span) => total + span.end_us - span.start_us, 0);
  return sum / (past.to - past.from);
}
