/**
 * Owns the drawing of zones over a picture, by mouse, touch and keys.
 *
 * Corners are in 1/1000 of the picture. A line is drawn by dragging or by two clicks; an area by
 * dragging a rectangle or by clicking its corners; a corner is moved by dragging it or by the
 * arrow keys.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Corner, Zone, ZoneShape } from "../types.ts";
import { isWhole, sides } from "./rules-model.ts";

const MOST_CORNERS = 64;
/** Closer than this to the first corner closes an area. */
const CLOSE = 25;
const STEP = 5;

interface Props {
  zones: readonly Zone[];
  selected: string | undefined;
  drawing: ZoneShape | undefined;
  aspect: number;
  children: ComponentChildren;
  onSelect: (id: string | undefined) => void;
  onMove: (id: string, corners: Corner[]) => void;
  onDrawn: (shape: ZoneShape, corners: Corner[]) => void;
  onCancel: () => void;
}

export function ZoneEditor(props: Props) {
  const { zones, selected, drawing, aspect, children, onSelect, onMove, onDrawn, onCancel } = props;
  const ground = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState<Corner[]>([]);
  const [pointer, setPointer] = useState<Corner>();
  const drag = useRef<{ from: Corner; corner?: number } | undefined>(undefined);
  useEffect(() => setDraft([]), [drawing]);

  const finish = (corners: Corner[]) => {
    setDraft([]);
    if (drawing && isWhole(drawing, corners)) onDrawn(drawing, corners);
  };
  const at = (event: PointerEvent): Corner => {
    const box = ground.current?.getBoundingClientRect();
    const share = (v: number, low: number, side: number) => Math.round(Math.min(1, Math.max(0, (v - low) / Math.max(1, side))) * 1000);
    return box ? { x: share(event.clientX, box.left, box.width), y: share(event.clientY, box.top, box.height) } : { x: 0, y: 0 };
  };
  const zone = zones.find((one) => one.id === selected);

  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const spot = at(event);
    const corner = event.target instanceof Element ? event.target.getAttribute("data-corner") : null;
    ground.current?.setPointerCapture(event.pointerId);
    drag.current = { from: spot, ...(corner === null ? {} : { corner: Number(corner) }) };
    setPointer(spot);
    if (!drawing && corner === null && !(event.target instanceof SVGElement)) onSelect(undefined);
  };
  const move = (event: PointerEvent) => {
    const spot = at(event);
    if (drawing) setPointer(spot);
    const corner = drag.current?.corner;
    if (!drawing && zone && corner !== undefined) {
      onMove(zone.id, zone.corners.map((one, n) => (n === corner ? spot : one)));
    }
  };
  const up = (event: PointerEvent) => {
    const from = drag.current?.from;
    drag.current = undefined;
    if (!drawing || !from) return;
    const to = at(event);
    if (far(from, to) > CLOSE && draft.length === 0) {
      finish(drawing === "line" ? [from, to] : [from, { x: to.x, y: from.y }, to, { x: from.x, y: to.y }]);
      return;
    }
    const first = draft[0];
    if (drawing === "area" && draft.length >= 3 && first && far(first, to) <= CLOSE) {
      finish(draft);
      return;
    }
    const next = [...draft, to];
    if (drawing === "line" && next.length === 2) finish(next);
    else if (next.length >= MOST_CORNERS) finish(next);
    else setDraft(next);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") onCancel();
    if (event.key === "Enter" && drawing && draft.length > 1) finish(draft);
    if (event.key === "Backspace" && drawing) setDraft(draft.slice(0, -1));
  };
  const nudge = (event: KeyboardEvent, n: number) => {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!by || !zone) return;
    event.preventDefault();
    const held = (v: number) => Math.min(1000, Math.max(0, v));
    onMove(zone.id, zone.corners.map((one, m) => (m === n ? { x: held(one.x + (by[0] ?? 0)), y: held(one.y + (by[1] ?? 0)) } : one)));
  };
  const handles = drawing ? draft : (zone?.corners ?? []);
  const trail = drawing && pointer ? ghost(drawing, draft, drag.current?.from, pointer) : [];
  return (
    <div
      class={drawing ? "zone-ground drawing" : "zone-ground"}
      ref={ground}
      style={{ aspectRatio: `${aspect}` }}
      tabIndex={0}
      role="application"
      aria-label="Picture with zones. Choose a tool, then draw with mouse or finger."
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onKeyDown={keys}
    >
      {children}
      <svg class="zone-lines" viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
        {zones.map((one) => (
          <Shape key={one.id} zone={one} on={one.id === selected} onDown={() => !drawing && onSelect(one.id)} />
        ))}
        {trail.length > 1 && <polyline class="zone-draft" points={points(trail)} />}
      </svg>
      {zones.map((one) => <Labels key={one.id} zone={one} on={one.id === selected} />)}
      {handles.map((corner, n) => (
        <button
          key={n}
          type="button"
          class="zone-corner"
          data-corner={n}
          style={{ left: `${corner.x / 10}%`, top: `${corner.y / 10}%` }}
          aria-label={`Corner ${n + 1}: arrow keys move it`}
          onKeyDown={(event) => nudge(event, n)}
        />
      ))}
    </div>
  );
}

function Shape({ zone, on, onDown }: { zone: Zone; on: boolean; onDown: () => void }) {
  const look = on ? "zone-shape on" : "zone-shape";
  return zone.shape === "line" ? (
    <>
      <polyline class="zone-grip" points={points(zone.corners)} onPointerDown={onDown} />
      <polyline class={look} points={points(zone.corners)} />
    </>
  ) : (
    <polygon class={`${look} area`} points={points(zone.corners)} onPointerDown={onDown} />
  );
}

/** The name of a zone and, of a line, its sides. */
export function Labels({ zone, on }: { zone: Zone; on: boolean }) {
  const beside = zone.shape === "line" ? sides(zone.corners) : undefined;
  const top = zone.corners.reduce((best, one) => (one.y < best.y ? one : best), zone.corners[0] ?? { x: 0, y: 0 });
  const place = (corner: Corner) => ({ left: `${Math.min(90, Math.max(2, corner.x / 10))}%`, top: `${Math.min(94, Math.max(1, corner.y / 10))}%` });
  return (
    <>
      <span class={on ? "zone-name on" : "zone-name"} style={place(top)}>
        {zone.name}
      </span>
      {beside && (
        <>
          <span class="zone-side" style={place(beside.a)}>A</span>
          <span class="zone-side" style={place(beside.b)}>B</span>
        </>
      )}
    </>
  );
}

/** Corners as SVG writes them. */
export function points(corners: readonly Corner[]): string {
  return corners.map((corner) => `${corner.x},${corner.y}`).join(" ");
}

/** What would be drawn if the pointer were let go now. */
function ghost(shape: ZoneShape, draft: Corner[], from: Corner | undefined, to: Corner): Corner[] {
  if (draft.length === 0 && from && far(from, to) > CLOSE) {
    return shape === "line" ? [from, to] : [from, { x: to.x, y: from.y }, to, { x: from.x, y: to.y }, from];
  }
  return draft.length === 0 ? [] : [...draft, to];
}

function far(a: Corner, b: Corner): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
