/**
 * Owns which boxes belong to which picture.
 *
 * Invariants: a picture gets the boxes of its own (epoch, pts) within half a frame, or none;
 * never those of an older picture. At most `KEEP` answers are held.
 */
import type { Boxes } from "./protocol.ts";

const KEEP = 600;
const DEFAULT_FRAME_US = 40_000;

/** The answers of the analysis that may still be shown, in order of pts. */
export class BoxRing {
  private list: Boxes[] = [];
  private frameUs = DEFAULT_FRAME_US;

  /** Holds an answer; a late one of an epoch that is over is dropped. */
  add(entry: Boxes): void {
    const last = this.list[this.list.length - 1];
    if (last && entry.epoch < last.epoch) return;
    if (last && entry.epoch === last.epoch) this.learn(entry.pts_us - last.pts_us);
    let at = this.list.length;
    while (at > 0 && (this.list[at - 1]?.pts_us ?? 0) > entry.pts_us) at -= 1;
    if (this.list[at - 1]?.pts_us === entry.pts_us) this.list[at - 1] = entry;
    else this.list.splice(at, 0, entry);
    if (this.list.length > KEEP) this.list.splice(0, this.list.length - KEEP);
  }

  /** The boxes of the picture at `ptsUs`; `frameUs` is the picture's own duration when known. */
  match(epoch: number, ptsUs: number, frameUs = this.frameUs): Boxes | undefined {
    let best: Boxes | undefined;
    for (let at = this.list.length - 1; at >= 0; at -= 1) {
      const entry = this.list[at];
      if (!entry || entry.epoch !== epoch) continue;
      const distance = Math.abs(entry.pts_us - ptsUs);
      if (distance <= frameUs / 2 && (!best || distance < Math.abs(best.pts_us - ptsUs))) best = entry;
      if (entry.pts_us < ptsUs - frameUs) break;
    }
    return best;
  }

  /** Forgets everything. */
  clear(): void {
    this.list = [];
    this.frameUs = DEFAULT_FRAME_US;
  }

  /** Follows the spacing of pictures, so that "half a frame" fits 5 and 60 pictures a second. */
  private learn(stepUs: number): void {
    if (stepUs > 4_000 && stepUs < 1_000_000) {
      this.frameUs = Math.min(stepUs, this.frameUs + (stepUs - this.frameUs) / 4);
    }
  }
}

/**
 * Which epoch a picture belongs to: epochs follow each other in media time, and what is shown
 * lies a little behind what has arrived, so the newest epoch is not always the one shown.
 */
export class Epochs {
  private list: { epoch: number; fromUs: number }[] = [];
  private coming: number | undefined;

  /** Pictures of this epoch come next. */
  begin(epoch: number): void {
    this.coming = epoch;
  }

  /** The first fragment after `begin` starts at this pts. */
  start(fromUs: number): void {
    if (this.coming === undefined) return;
    this.list.push({ epoch: this.coming, fromUs });
    if (this.list.length > 16) this.list.shift();
    this.coming = undefined;
  }

  /** Whether an epoch waits for its first fragment. */
  waits(): boolean {
    return this.coming !== undefined;
  }

  /** The epoch of the picture at a pts; half a picture of rounding is allowed. */
  of(ptsUs: number): number {
    for (let at = this.list.length - 1; at > 0; at -= 1) {
      const entry = this.list[at];
      if (entry && ptsUs >= entry.fromUs - 2_000) return entry.epoch;
    }
    return this.list[0]?.epoch ?? this.coming ?? 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.list = [];
    this.coming = undefined;
  }
}

/** The pts of a presented picture: media time (seconds) on the base of its epoch. */
export function ptsOf(mediaTime: number, baseUs: number): number {
  return Math.round(mediaTime * 1e6) + baseUs;
}

/** Where a picture of `width` x `height` lies, centred and whole, in a space: the overlay's ground. */
export function contain(
  space: { width: number; height: number },
  width: number,
  height: number,
): { left: number; top: number; scale: number } {
  if (width <= 0 || height <= 0) return { left: 0, top: 0, scale: 0 };
  const scale = Math.min(space.width / width, space.height / height);
  return { left: (space.width - width * scale) / 2, top: (space.height - height * scale) / 2, scale };
}
