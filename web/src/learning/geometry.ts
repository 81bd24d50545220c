/** Owns where things of learning are drawn: places in the picture, hours, the plot of a forecast. */
import type { Ahead, UsualPath, UsualWay } from "../types.ts";

/** Places of ways and paths: columns and rows of the picture. */
export const PLACES = { columns: 4, rows: 3 } as const;
/** Parts of the picture in which movement is counted. */
export const CELLS = { columns: 8, rows: 6 } as const;

export interface Point {
  x: number;
  y: number;
}

/** The middle of a place, as shares of the picture. */
export function middle(place: number): Point {
  const column = place % PLACES.columns;
  const row = Math.floor(place / PLACES.columns);
  return { x: (column + 0.5) / PLACES.columns, y: (row + 0.5) / PLACES.rows };
}

/** Where an arrow of a way begins and ends; heading 0 is to the right, 2 down. */
export function arrow(way: UsualWay, length = 0.09): { from: Point; to: Point } {
  const at = middle(way.place);
  const angle = (way.heading * Math.PI) / 4;
  const step = { x: (Math.cos(angle) * length) / 2, y: (Math.sin(angle) * length) / 1.5 };
  return { from: { x: at.x - step.x, y: at.y - step.y }, to: { x: at.x + step.x, y: at.y + step.y } };
}

/** The points of a path; paths with a place in common lie beside each other. */
export function pathPoints(path: UsualPath, at: number): Point[] {
  const shift = ((at % 3) - 1) * 0.018;
  return path.places.map(middle).map((point) => ({ x: point.x + shift, y: point.y + shift }));
}

/** A colour's strength from 0 to 1 for a share; small ones can still be told apart. */
export function strength(share: number, most: number): number {
  return most <= 0 ? 0 : Math.sqrt(Math.min(1, share / most));
}

/** A round number at or above a value, for the top of an axis. */
export function ceiling(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7.5, 10].map((step) => step * power).find((round) => round >= value) ?? value;
}

export interface Plot {
  top: number;
  band: string;
  line: string;
  came: Point[];
  /** Where what is to come begins. */
  now: number | undefined;
}

/** A forecast in a box of this size, the oldest hour at the left. */
export function plot(hours: readonly Ahead[], width: number, height: number): Plot {
  const top = ceiling(Math.max(1, ...hours.map((hour) => Math.max(hour.high, hour.came ?? 0))));
  const x = (at: number) => ((at + 0.5) * width) / hours.length;
  const y = (value: number) => height - (Math.max(0, value) / top) * height;
  const at = (value: (hour: Ahead) => number) => hours.map((hour, i) => `${x(i).toFixed(1)},${y(value(hour)).toFixed(1)}`);
  const coming = hours.findIndex((hour) => hour.came === undefined);
  return {
    top,
    band: [...at((hour) => hour.high), ...at((hour) => hour.low).reverse()].join(" "),
    line: at((hour) => hour.value).join(" "),
    came: hours.flatMap((hour, i) => (hour.came === undefined ? [] : [{ x: x(i), y: y(hour.came) }])),
    now: coming <= 0 ? undefined : (coming * width) / hours.length,
  };
}
