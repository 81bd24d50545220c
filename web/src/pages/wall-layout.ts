/** Owns the geometry of the wall: how many columns, how large a tile, which tiles to draw. */

export interface Layout {
  columns: number;
  rows: number;
  tileWidth: number;
  tileHeight: number;
}

export interface Space {
  width: number;
  height: number;
}

export const GAP = 12;
/** Height of a tile's caption under its 16:9 picture. */
export const CAPTION = 38;
const NARROWEST = 300;
const RATIO = 9 / 16;

/**
 * The columns that show `count` tiles as large as the space allows: all of them without scrolling
 * while they stay readable, otherwise as many columns of readable width as fit.
 */
export function layout(space: Space, count: number): Layout {
  const width = Math.max(1, space.width);
  let best: Layout | undefined;
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const tried = whole(space, columns, count);
    if (tried.tileWidth < Math.min(NARROWEST, width)) continue;
    if (!best || tried.tileWidth > best.tileWidth) best = tried;
  }
  if (best) return best;
  const most = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  return sized(Math.floor((width - GAP * (most - 1)) / most), most, count);
}

/** Tiles in `columns` that need no scrolling, however small. */
function whole(space: Space, columns: number, count: number): Layout {
  const rows = Math.max(1, Math.ceil(count / columns));
  const across = (space.width - GAP * (columns - 1)) / columns;
  const down = ((space.height - GAP * (rows - 1)) / rows - CAPTION) / RATIO;
  return sized(Math.floor(Math.min(across, down)), columns, count);
}

function sized(tileWidth: number, columns: number, count: number): Layout {
  const tileHeight = Math.round(tileWidth * RATIO) + CAPTION;
  return { columns, rows: Math.max(1, Math.ceil(count / columns)), tileWidth, tileHeight };
}

/** The rows to draw when `top` pixels are scrolled away and `view` are visible, with one to spare. */
export function visibleRows(plan: Layout, top: number, view: number): { first: number; last: number } {
  const step = plan.tileHeight + GAP;
  const first = Math.max(0, Math.floor(top / step) - 1);
  const last = Math.min(plan.rows - 1, Math.ceil((top + view) / step) + 1);
  return { first, last: Math.max(first, last) };
}
