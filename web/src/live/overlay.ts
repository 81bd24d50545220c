/** Owns the drawing of boxes over a picture on a canvas. */
import { contain } from "./boxes.ts";
import type { Boxes } from "./protocol.ts";

/** How boxes look: `labels` shows the track's number, for large pictures only. */
export interface Look {
  colour: string;
  labels: boolean;
}

/** Draws `boxes` over the whole canvas, or clears it when there are none. */
export function draw(canvas: HTMLCanvasElement, boxes: Boxes | undefined, look: Look): void {
  const scale = Math.min(2, devicePixelRatio || 1);
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.clearRect(0, 0, width, height);
  if (!boxes || boxes.boxes.length === 0) return;
  const ground = contain({ width, height }, boxes.width, boxes.height);
  for (const box of boxes.boxes) {
    const at = {
      left: ground.left + box.left * ground.scale,
      top: ground.top + box.top * ground.scale,
      width: box.width * ground.scale,
      height: box.height * ground.scale,
    };
    frame(pen, at, scale, look.colour);
    if (look.labels && box.track > 0) label(pen, `${box.track}`, at, scale, look.colour);
  }
}

interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

function frame(pen: CanvasRenderingContext2D, at: Area, scale: number, colour: string): void {
  const radius = Math.min(4 * scale, at.width / 4, at.height / 4);
  pen.beginPath();
  pen.roundRect(at.left, at.top, at.width, at.height, radius);
  pen.strokeStyle = "rgb(0 0 0 / 0.55)";
  pen.lineWidth = 4 * scale;
  pen.stroke();
  pen.strokeStyle = colour;
  pen.lineWidth = 2 * scale;
  pen.stroke();
}

function label(pen: CanvasRenderingContext2D, text: string, at: Area, scale: number, colour: string): void {
  pen.font = `600 ${11 * scale}px system-ui, sans-serif`;
  const width = pen.measureText(text).width + 8 * scale;
  const height = 16 * scale;
  const top = at.top - height - 2 * scale < 0 ? at.top + 3 * scale : at.top - height - 2 * scale;
  pen.beginPath();
  pen.roundRect(at.left, top, width, height, 3 * scale);
  pen.fillStyle = colour;
  pen.fill();
  pen.fillStyle = "#14110a";
  pen.textBaseline = "middle";
  pen.fillText(text, at.left + 4 * scale, top + height / 2 + 0.5 * scale);
}
