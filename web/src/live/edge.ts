/**
 * Owns how far behind the newest picture the player stays, and how it gets there.
 *
 * Boxes come a little after their picture (analysis takes time), so the player holds back by the
 * lag it has seen, within bounds: shown pictures then have their boxes, and latency stays small.
 */

/** Seconds behind the newest picture when nothing is known yet. */
export const START_HOLD_S = 0.2;
const MIN_HOLD_S = 0.1;
const MAX_HOLD_S = 0.9;
const SEEK_BEHIND_S = 1;
const WINDOW = 60;

/** What to do with the play-head now. */
export interface Step {
  rate: number;
  /** The media time to jump to, in seconds. */
  seek?: number;
}

/** The step that brings a play-head at `now` to `hold` seconds behind `end`. */
export function steer(now: number, start: number, end: number, hold: number): Step {
  if (now < start) return { rate: 1, seek: Math.max(start, end - hold) };
  const behind = end - now - hold;
  if (behind > SEEK_BEHIND_S) return { rate: 1, seek: end - hold };
  if (behind > 0.25) return { rate: 1.12 };
  if (behind > 0.08) return { rate: 1.04 };
  if (behind < -0.15) return { rate: 0.9 };
  if (behind < -0.06) return { rate: 0.96 };
  return { rate: 1 };
}

/** Learns how far boxes come behind their pictures. */
export class Hold {
  private lags: number[] = [];
  private steps = START_HOLD_S;

  /** A picture's boxes came `lagS` seconds after the picture itself. */
  note(lagS: number): void {
    this.lags.push(Math.max(0, lagS));
    if (this.lags.length > WINDOW) this.lags.shift();
  }

  /** How far to stay behind, in seconds: most boxes are there by then; bounded. */
  seconds(frameS: number): number {
    if (this.lags.length >= 8) {
      const sorted = [...this.lags].sort((a, b) => a - b);
      const most = sorted[Math.floor(sorted.length * 0.95)] ?? START_HOLD_S;
      this.steps = Math.min(MAX_HOLD_S, Math.max(MIN_HOLD_S, most + frameS + 0.03));
    }
    return this.steps;
  }
}
