/**
 * Owns `window.__flumen`: what each player presented last, for browser tests and for curious people.
 *
 * `__flumen.shown` is the last picture that any player of this page presented, and
 * `__flumen.cameras[id]` the last of one camera: `{camera, epoch, pts_us, boxes}`, where `boxes`
 * is null while the analysis of that very picture has not come. It is set in the
 * requestVideoFrameCallback of the picture, before any other callback registered later.
 */
import type { Box } from "./protocol.ts";

export interface Shown {
  camera: string;
  epoch: number;
  pts_us: number;
  boxes: Box[] | null;
}

export interface Window {
  shown: Shown | null;
  cameras: Record<string, Shown>;
}

declare global {
  var __flumen: Window | undefined;
}

/** Tells what was presented just now. */
export function tell(shown: Shown): void {
  const page = (globalThis.__flumen ??= { shown: null, cameras: {} });
  page.shown = shown;
  page.cameras[shown.camera] = shown;
}
