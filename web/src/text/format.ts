/** Owns how amounts are written for people: bytes, rates, shares, sizes, codecs. */

const STEPS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes in decimal steps with three figures: `1.24 GB`. */
export function bytes(amount: number): string {
  let value = Math.max(0, amount);
  let step = 0;
  while (value >= 999.5 && step < STEPS.length - 1) {
    value /= 1000;
    step += 1;
  }
  const digits = step === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${STEPS[step] ?? ""}`;
}

/** A bit rate: `830 kbit/s`, `4.2 Mbit/s`. */
export function bitRate(bps: number): string {
  if (bps < 1_000_000) return `${Math.round(bps / 1000)} kbit/s`;
  return `${(bps / 1_000_000).toFixed(1)} Mbit/s`;
}

/** A rate per second with at most one decimal: `15`, `29.9`. */
export function rate(hz: number): string {
  const rounded = Math.round(hz * 10) / 10;
  return Number.isInteger(rounded) ? String(rounded) : rounded.toFixed(1);
}

/** A share in percent; never rounded up to 100, so that 100 % means all of it. */
export function percent(share: number): string {
  const value = Math.min(1, Math.max(0, share)) * 100;
  if (value === 100) return "100 %";
  const digits = value >= 99 ? 2 : value >= 10 ? 1 : 1;
  const scale = 10 ** digits;
  return `${(Math.floor(value * scale) / scale).toFixed(digits)} %`;
}

/** A whole number with thin groups: `12 480`. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** A count with its noun: `1 camera`, `4 cameras`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A codec's name as people know it. */
export function codecName(codec: string): string {
  const key = codec.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (key.includes("h265") || key.includes("hevc")) return "H.265";
  if (key.includes("h264") || key.includes("avc")) return "H.264";
  if (key.includes("jpeg")) return "MJPEG";
  return codec.toUpperCase();
}
