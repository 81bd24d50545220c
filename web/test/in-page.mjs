// Owns what the browser test runs inside the page; each function stands alone, for it is sent as text.

/**
 * Watches one camera's video for `ms` and answers a sample for each picture that was really drawn:
 * {code, pts_us, epoch, boxes}. The code is the farm's number read from the picture's own pixels
 * (geometry: head of crates/farm/src/code.rs), the rest is what the player says of that picture.
 * A VideoFrame carries its own time stamp, so a picture that changed under our hands is left out.
 */
export async function watch({ camera, ms }) {
  const video = document.querySelector(`video[data-camera="${camera}"]`);
  if (!video) throw new Error(`no video of ${camera} on this page`);
  const canvas = new OffscreenCanvas(16, 16);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const samples = [];
  const counts = { pictures: 0, late: 0, unreadable: 0, withoutBoxes: 0 };

  const readCode = (frame) => {
    const width = frame.displayWidth;
    const height = frame.displayHeight;
    const top = Math.floor(height - height / 30) - 2;
    canvas.width = width;
    canvas.height = height - top;
    pen.drawImage(frame, 0, -top, width, height);
    const { data } = pen.getImageData(0, 0, width, height - top);
    const level = (cell) => {
      const pitch = width / 40;
      const [left, right] = [(cell + 0.25) * pitch, (cell + 0.75) * pitch];
      const [upper, lower] = [height - height / 36 - top, height - height / 180 - top];
      const [dx, dy] = [(right - left) / 4, (lower - upper) / 4];
      let sum = 0;
      let count = 0;
      for (let y = Math.round(upper + dy); y < Math.max(Math.round(lower - dy), Math.round(upper + dy) + 1); y += 1) {
        for (let x = Math.round(left + dx); x < Math.max(Math.round(right - dx), Math.round(left + dx) + 1); x += 1) {
          const at = (y * width + x) * 4;
          sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
          count += 1;
        }
      }
      return sum / count;
    };
    const sync = [[0, 1], [1, 0], [2, 1], [3, 0], [36, 1], [37, 1], [38, 0], [39, 0]].map(([cell, bit]) => [level(cell), bit]);
    const mean = (bit) => sync.filter(([, b]) => b === bit).reduce((sum, [at]) => sum + at / 4, 0);
    const middle = (mean(1) + mean(0)) / 2;
    if (mean(1) - mean(0) < 40 || sync.some(([at, bit]) => at > middle !== (bit === 1))) return undefined;
    const bits = [];
    for (let cell = 4; cell < 36; cell += 1) bits.push(level(cell) > middle ? 1 : 0);
    let number = bits.slice(0, 24).reduce((all, bit) => all * 2 + bit, 0);
    for (const shift of [1, 2, 4, 8, 16]) number ^= number >> shift;
    let crc = 0x5a;
    for (const byte of [number >> 16, (number >> 8) & 255, number & 255]) {
      crc ^= byte;
      for (let n = 0; n < 8; n += 1) crc = crc & 0x80 ? ((crc << 1) ^ 7) & 255 : (crc << 1) & 255;
    }
    return crc === bits.slice(24).reduce((all, bit) => all * 2 + bit, 0) ? number : undefined;
  };

  const onFrame = (_now, told) => {
    if (performance.now() < until) video.requestVideoFrameCallback(onFrame);
    counts.pictures += 1;
    const frame = new VideoFrame(video);
    const same = Math.abs(frame.timestamp - told.mediaTime * 1e6) < 1000;
    const code = same ? readCode(frame) : undefined;
    frame.close();
    const sample = globalThis.__flumen?.cameras[camera];
    if (!same || !sample) counts.late += 1;
    else if (code === undefined) counts.unreadable += 1;
    // The player fills in boxes that come while the picture is still shown: look again at the end.
    else samples.push({ code, shown: sample });
  };
  const until = performance.now() + ms;
  video.requestVideoFrameCallback(onFrame);
  await new Promise((done) => setTimeout(done, ms + 100));
  return {
    counts: { ...counts, withoutBoxes: samples.filter(({ shown }) => shown.boxes === null).length },
    samples: samples.map(({ code, shown }) => ({ code, epoch: shown.epoch, pts_us: shown.pts_us, boxes: shown.boxes })),
  };
}

/** Where each live video of the page stands now. */
export function playheads() {
  return [...document.querySelectorAll("video[data-camera]")].map((video) => ({
    camera: video.dataset.camera,
    at: video.currentTime,
    shown: globalThis.__flumen?.cameras[video.dataset.camera]?.pts_us ?? 0,
  }));
}
