/** Owns the timeline strip: what is recorded, what is missing and why, what happened; a place to click. */
import { useRef, useState } from "preact/hooks";
import { clock, exact, nowUs, span as spanWords } from "../text/time.ts";
import { causeWord, title } from "../text/words.ts";
import type { CameraEvent, Timeline } from "../types.ts";
import { useWidth } from "../ui/measure.ts";
import { join, momentAt, placeOf, ticks, writing, type Range } from "./geometry.ts";

interface Props {
  label: string;
  range: Range;
  line: Timeline | undefined;
  /** The camera sends now, so the time since the last segment is being written. */
  live: boolean;
  /** The moment that is shown; nothing when it is the live picture. */
  head: number | undefined;
  onSeek: (us: number) => void;
}

const LEAST_PX = 3;

export function Strip({ label, range, line, live, head, onSeek }: Props) {
  const ground = useRef<HTMLDivElement>(null);
  const width = useWidth(ground);
  const [hover, setHover] = useState<number>();
  const seam = ((range.to - range.from) / Math.max(1, width)) * 1.5;
  const place = (from: number, to: number, least = 1) => {
    const left = Math.max(0, placeOf(from, range, width));
    const right = Math.min(width, placeOf(to, range, width));
    return { left: `${left}px`, width: `${Math.max(least, right - left)}px` };
  };
  const at = (event: { clientX: number }) => {
    const left = ground.current?.getBoundingClientRect().left ?? 0;
    return momentAt(event.clientX - left, range, width);
  };
  const marks = ticks(range, width, range.to - range.from < 3_600_000_000 ? 84 : 64);
  const now = nowUs();
  const shown = head ?? now;
  const coming = line ? writing(line.pending, live, now) : [];
  return (
    <div
      class="strip"
      ref={ground}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={Math.round(range.from / 1e6)}
      aria-valuemax={Math.round(range.to / 1e6)}
      aria-valuenow={Math.round(shown / 1e6)}
      aria-valuetext={head === undefined ? "Live" : exact(head)}
      onPointerMove={(event) => setHover(at(event))}
      onPointerLeave={() => setHover(undefined)}
      onClick={(event) => onSeek(at(event))}
      onKeyDown={(event) => {
        const to = keyMoment(event, shown, range);
        if (to === undefined) return;
        event.preventDefault();
        onSeek(to);
      }}
    >
      <div class="strip-track">
        {now < range.to && <div class="strip-future" style={place(now, range.to)} />}
        {line &&
          join(line.segments, range, seam).map((span) => (
            <div key={span.start_us} class="strip-covered" style={place(span.start_us, span.end_us)} />
          ))}
        {join(coming, range, seam).map((span) => (
          <div key={span.start_us} class="strip-covered writing" style={place(span.start_us, span.end_us)} title="Being written" />
        ))}
        {line?.gaps
          .map((gap) => ({ ...gap, end_us: gap.end_us ?? now }))
          .filter((gap) => gap.end_us > range.from && gap.start_us < range.to)
          .map((gap) => (
            <div
              key={`${gap.start_us} ${gap.cause}`}
              class={`strip-gap ${gap.cause.toLowerCase()}`}
              style={place(gap.start_us, gap.end_us, LEAST_PX)}
              title={`${causeWord(gap.cause)}, ${spanWords(gap.end_us - gap.start_us)}${gap.detail ? `: ${gap.detail}` : ""}`}
            />
          ))}
        {line?.events.map((event) => <Mark key={event.id} event={event} place={place} now={now} />)}
      </div>
      <div class="strip-ticks" aria-hidden="true">
        {marks.moments.map((moment) => {
          const left = placeOf(moment, range, width);
          const edge = left < 22 ? " first" : left > width - 22 ? " last" : "";
          return (
            <span key={moment} class={`strip-tick${edge}`} style={{ left: `${left}px` }}>
              {clock(moment, marks.seconds)}
            </span>
          );
        })}
      </div>
      {shown >= range.from && shown <= range.to && (
        <div class={head === undefined ? "strip-head live" : "strip-head"} style={{ left: `${placeOf(shown, range, width)}px` }} />
      )}
      {hover !== undefined && <Cursor us={hover} left={placeOf(hover, range, width)} width={width} />}
    </div>
  );
}

function Mark({ event, place, now }: {
  event: CameraEvent;
  place: (from: number, to: number, least?: number) => { left: string; width: string };
  now: number;
}) {
  const end = event.end_us ?? now;
  const words = `${title(event.kind)} at ${clock(event.begin_us)}, ${spanWords(end - event.begin_us)}`;
  return <div class="strip-event" style={place(event.begin_us, end, LEAST_PX)} title={words} />;
}

function Cursor({ us, left, width }: { us: number; left: number; width: number }) {
  const side = left < 40 ? " first" : left > width - 40 ? " last" : "";
  return (
    <div class={`strip-cursor${side}`} style={{ left: `${left}px` }} aria-hidden="true">
      <span>{clock(us)}</span>
    </div>
  );
}

/** The moment that a key asks for: arrows by 10 s, with Shift by a minute, Home and End. */
function keyMoment(event: KeyboardEvent, from: number, range: Range): number | undefined {
  const step = event.shiftKey ? 60_000_000 : 10_000_000;
  if (event.key === "ArrowLeft") return Math.max(range.from, from - step);
  if (event.key === "ArrowRight") return Math.min(range.to, from + step);
  if (event.key === "Home") return range.from;
  if (event.key === "End") return range.to;
  return undefined;
}
