/** Owns the filter of the events page: as part of the address, as a query, as a test of one event. */
import { addDays, dayStart, fromInput, nowUs, toInput } from "../text/time.ts";
import type { CameraEvent, EventQuery } from "../types.ts";

export type When = "all" | "hour" | "today" | "yesterday" | "week" | "custom";

export interface Filter {
  camera?: string;
  kind?: string;
  zone?: string;
  when: When;
  /** Only with `custom`, in microseconds. */
  from?: number;
  to?: number;
}

const WHENS: readonly When[] = ["all", "hour", "today", "yesterday", "week", "custom"];

/** The filter that an address names; what it does not know is left out. */
export function readFilter(query: URLSearchParams): Filter {
  const when = query.get("when") as When | null;
  const filter: Filter = { when: when !== null && WHENS.includes(when) ? when : "all" };
  const camera = query.get("camera");
  const kind = query.get("kind");
  if (camera) filter.camera = camera;
  if (kind) filter.kind = kind;
  const zone = query.get("zone");
  if (zone) filter.zone = zone;
  if (filter.when === "custom") {
    const from = fromInput(query.get("from") ?? "");
    const to = fromInput(query.get("to") ?? "");
    if (from !== undefined) filter.from = from;
    if (to !== undefined) filter.to = to;
  }
  return filter;
}

/** The part of the address that names a filter; empty when it lets all through. */
export function writeFilter(filter: Filter): string {
  const pairs = new URLSearchParams();
  if (filter.camera !== undefined) pairs.set("camera", filter.camera);
  if (filter.kind !== undefined) pairs.set("kind", filter.kind);
  if (filter.zone !== undefined) pairs.set("zone", filter.zone);
  if (filter.when !== "all") pairs.set("when", filter.when);
  if (filter.when === "custom") {
    if (filter.from !== undefined) pairs.set("from", toInput(filter.from));
    if (filter.to !== undefined) pairs.set("to", toInput(filter.to));
  }
  const text = pairs.toString();
  return text === "" ? "" : `?${text}`;
}

/** The span that a filter means at `now`; an open end is left out. */
export function spanOf(filter: Filter, now = nowUs()): { from_us?: number; to_us?: number } {
  const today = dayStart(now);
  switch (filter.when) {
    case "all":
      return {};
    case "hour":
      return { from_us: now - 3_600_000_000 };
    case "today":
      return { from_us: today };
    case "yesterday":
      return { from_us: addDays(today, -1), to_us: today };
    case "week":
      return { from_us: addDays(today, -6) };
    case "custom":
      return {
        ...(filter.from === undefined ? {} : { from_us: filter.from }),
        ...(filter.to === undefined ? {} : { to_us: filter.to }),
      };
  }
}

/** The query that asks the server for what a filter lets through. */
export function toQuery(filter: Filter, now = nowUs()): EventQuery {
  return {
    ...(filter.camera === undefined ? {} : { camera: filter.camera }),
    ...(filter.kind === undefined ? {} : { kind: filter.kind }),
    ...(filter.zone === undefined ? {} : { zone: filter.zone }),
    ...spanOf(filter, now),
  };
}

/** Whether a filter lets an event through. */
export function matches(filter: Filter, event: CameraEvent, now = nowUs()): boolean {
  if (filter.camera !== undefined && event.camera !== filter.camera) return false;
  if (filter.kind !== undefined && event.kind !== filter.kind) return false;
  if (filter.zone !== undefined && event.zone !== filter.zone) return false;
  const { from_us, to_us } = spanOf(filter, now);
  return event.begin_us >= (from_us ?? -Infinity) && event.begin_us < (to_us ?? Infinity);
}
