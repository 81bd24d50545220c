/** Owns the stream of new events: one socket for the whole page, reconnected for ever with back-off. */
import { useEffect, useRef } from "preact/hooks";
import { openEvents } from "../api.ts";
import type { CameraEvent } from "../types.ts";

type Listener = (event: CameraEvent) => void;

const listeners = new Set<Listener>();
let socket: WebSocket | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let attempt = 0;

function wanted(): boolean {
  return listeners.size > 0 && !document.hidden;
}

function connect(): void {
  clearTimeout(retry);
  if (socket || !wanted()) return;
  const opened = openEvents();
  socket = opened;
  opened.onmessage = (message: MessageEvent<unknown>) => {
    attempt = 0;
    const event = read(message.data);
    if (event) for (const listener of listeners) listener(event);
  };
  opened.onclose = () => {
    if (socket !== opened) return;
    socket = undefined;
    attempt += 1;
    if (wanted()) retry = setTimeout(connect, Math.min(15_000, 500 * 2 ** attempt));
  };
}

function read(data: unknown): CameraEvent | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const event = JSON.parse(data) as Partial<CameraEvent>;
    const whole = typeof event.id === "string" && typeof event.camera === "string";
    return whole && typeof event.begin_us === "number" ? (event as CameraEvent) : undefined;
  } catch {
    return undefined;
  }
}

function leave(): void {
  clearTimeout(retry);
  const open = socket;
  socket = undefined;
  open?.close();
}

document.addEventListener("visibilitychange", () => (wanted() ? connect() : leave()));

/** Calls `listener` with each new or changed event while the component lives. */
export function useArrivals(listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    const forward: Listener = (event) => latest.current(event);
    listeners.add(forward);
    connect();
    return () => {
      listeners.delete(forward);
      if (listeners.size === 0) leave();
    };
  }, []);
}

/** `list` (newest first) with `event` put in or brought up to date. */
export function merge(list: readonly CameraEvent[], event: CameraEvent): CameraEvent[] {
  const at = list.findIndex((known) => known.id === event.id);
  if (at >= 0) {
    const changed = [...list];
    changed[at] = { ...list[at], ...event };
    return changed;
  }
  const next = list.findIndex((known) => known.begin_us < event.begin_us);
  const place = next < 0 ? list.length : next;
  return [...list.slice(0, place), event, ...list.slice(place)];
}
