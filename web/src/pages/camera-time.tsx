/** Owns the panel with a day's timeline: which day, how much of it, how much is recorded. */
import { useEffect, useState } from "preact/hooks";
import { percent } from "../text/format.ts";
import { addDays, clock, day as dayName, dayStart, exact, nowUs } from "../text/time.ts";
import { covered, fittingLength, LENGTHS, rangeEnding, writing, type Range } from "../timeline/geometry.ts";
import { Strip } from "../timeline/strip.tsx";
import type { Timeline } from "../types.ts";
import { Choice, IconButton } from "../ui/parts.tsx";

const DAY = 24 * 3_600_000_000;

interface Props {
  line: Timeline | undefined;
  live: boolean;
  failed: string | undefined;
  day: number;
  head: number | undefined;
  onDay: (start: number) => void;
  onSeek: (us: number) => void;
  onLive: () => void;
}

export function TimePanel({ line, live, failed, day, head, onDay, onSeek, onLive }: Props) {
  const now = useNow();
  const [chosen, setLength] = useState<number>();
  const [end, setEnd] = useState<number>();
  const today = dayStart(now) === day;
  const spans = line && [...line.segments, ...line.pending];
  const first = spans?.reduce((least, span) => Math.min(least, span.start_us), Infinity);
  const length = chosen ?? (today ? fittingLength(line && first !== Infinity ? first : undefined, now) : DAY);
  const range = shownRange(day, today, end ?? aroundHead(head, length, now), length, now);
  const coming = line ? writing(line.pending, live, now) : [];
  const share = line ? covered([...line.segments, ...coming], since(range, first), now) : undefined;

  const step = (direction: -1 | 1) => {
    if (length >= DAY) {
      setEnd(undefined);
      onDay(addDays(day, direction));
      return;
    }
    const to = Math.min(now, range.to + direction * length * 0.75);
    setEnd(to >= now - 1_000_000 ? undefined : to);
    if (dayStart(to) !== day) onDay(dayStart(to));
  };
  return (
    <section class="time-panel" aria-label="Recording">
      <div class="time-bar">
        <div class="time-when">
          <IconButton icon="left" label="Earlier" onClick={() => step(-1)} />
          <span class="time-day">{dayName(range.from, now)}</span>
          <IconButton icon="right" label="Later" disabled={range.to >= now} onClick={() => step(1)} />
          {length < DAY && (
            <span class="quiet" title={`${exact(range.from)} to ${exact(range.to)}`}>
              {clock(range.from, false)} – {clock(range.to, false)}
            </span>
          )}
        </div>
        <div class="time-how">
          {failed !== undefined && <span class="bad-words">{failed}</span>}
          {share !== undefined && line && line.segments.length + line.pending.length > 0 && (
            <span class="quiet" title="Share of the time shown, since the first recording, that is recorded">
              {percent(share)} recorded
            </span>
          )}
          <Choice
            label="Length of the timeline"
            value={String(length)}
            options={LENGTHS.map(([us, word]) => [String(us), word] as const)}
            onChange={(value) => (setLength(Number(value)), setEnd(undefined))}
          />
          <button type="button" class={head === undefined ? "button live on" : "button live"} onClick={() => (setEnd(undefined), onDay(dayStart(now)), onLive())}>
            <span class="dot live" />
            Live
          </button>
        </div>
      </div>
      <Strip label="Timeline: choose a moment to play" range={range} line={line} live={live} head={head} onSeek={onSeek} />
      {line && line.segments.length + line.pending.length === 0 && (
        <p class="time-empty quiet">Nothing is recorded on this day.</p>
      )}
    </section>
  );
}

function since(range: Range, first: number | undefined): Range {
  return { from: Math.max(range.from, first !== undefined && Number.isFinite(first) ? first : range.from), to: range.to };
}

function aroundHead(head: number | undefined, length: number, now: number): number | undefined {
  if (head === undefined || head > now - length * 0.9) return undefined;
  return Math.min(now, head + length / 2);
}

function shownRange(day: number, today: boolean, end: number | undefined, length: number, now: number): Range {
  if (end !== undefined) return rangeEnding(end, length);
  return rangeEnding(today ? now : addDays(day, 1), length);
}

/** Now, each second. */
function useNow(): number {
  const [now, setNow] = useState(nowUs);
  useEffect(() => {
    const timer = setInterval(() => setNow(nowUs()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
