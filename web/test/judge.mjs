// Owns the judgement of samples that the browser test took: pure, no browser.

/**
 * The code read in each picture must go on exactly as the pts that the player gave to that picture.
 * Answers {compared, wrong: [...], loops}; a clip that begins again starts a new count.
 */
export function compareCodes(samples, fps) {
  const wrong = [];
  let compared = 0;
  let loops = 0;
  for (let n = 1; n < samples.length; n += 1) {
    const [a, b] = [samples[n - 1], samples[n]];
    if (a.epoch !== b.epoch || b.code < a.code) {
      loops += 1;
      continue;
    }
    compared += 1;
    const steps = Math.round(((b.pts_us - a.pts_us) * fps) / 1e6);
    if (b.code - a.code !== steps) wrong.push({ from: a, to: b, expected: steps, found: b.code - a.code });
  }
  return { compared, wrong, loops };
}

/** Overlap of two boxes: intersection over union. */
export function overlap(a, b) {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a.width * a.height + b.width * b.height - width * height);
}

/** tracks.txt (MOTChallenge, frames from 1) as boxes by code (frames from 0). */
export function readTruth(text) {
  const truth = new Map();
  for (const line of text.split("\n")) {
    const [frame, track, left, top, width, height] = line.split(",").map(Number);
    if (!Number.isFinite(height)) continue;
    const list = truth.get(frame - 1) ?? [];
    list.push({ track, left, top, width, height });
    truth.set(frame - 1, list);
  }
  return truth;
}

/**
 * At which shift in pictures the boxes shown fit the truth best: 0 when boxes belong to the picture
 * whose code was read. Answers {best, scores: {shift: mean overlap}, samples}.
 */
export function bestShift(samples, truth, reach = 6) {
  const scores = {};
  const useful = samples.filter(({ code, boxes }) => boxes?.length > 0 && truth.get(code)?.length > 0);
  for (let shift = -reach; shift <= reach; shift += 1) {
    let sum = 0;
    let count = 0;
    for (const { code, boxes } of useful) {
      const there = truth.get(code + shift) ?? [];
      for (const box of boxes) {
        sum += Math.max(0, ...there.map((other) => overlap(box, other)));
        count += 1;
      }
    }
    scores[shift] = count > 0 ? Math.round((sum / count) * 1e4) / 1e4 : 0;
  }
  const best = Number(Object.entries(scores).reduce((a, b) => (b[1] > a[1] ? b : a))[0]);
  return { best, scores, samples: useful.length };
}
