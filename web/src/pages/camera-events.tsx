/** Owns the list of a camera's events of the day, newest first; a click plays the moment. */
import { useState } from "preact/hooks";
import { pictureUrl } from "../api.ts";
import { plural } from "../text/format.ts";
import { clock, exact, nowUs, span } from "../text/time.ts";
import { kindWord } from "../text/words.ts";
import type { CameraEvent } from "../types.ts";
import { Skeleton } from "../ui/parts.tsx";

const PAGE = 30;
/** Playing begins a little before the event. */
export const LEAD_US = 2_000_000;

interface Props {
  events: CameraEvent[] | undefined;
  playing: number | undefined;
  failed: string | undefined;
  onPlay: (us: number) => void;
}

export function CameraEvents({ events, playing, failed, onPlay }: Props) {
  const [shown, setShown] = useState(PAGE);
  const sorted = events ? [...events].sort((a, b) => b.begin_us - a.begin_us) : undefined;
  return (
    <section class="panel list-panel" aria-label="Events of this camera">
      <h2>
        Events
        {sorted && sorted.length > 0 && <span class="quiet">{plural(sorted.length, "on this day", "on this day")}</span>}
      </h2>
      <div class="event-rows">
        {!sorted && failed === undefined && <Skeleton count={4} kind="row" />}
        {!sorted && failed !== undefined && <p class="quiet">{failed}</p>}
        {sorted?.length === 0 && <p class="quiet">Nothing happened yet. What moves in the picture appears here.</p>}
        {sorted?.slice(0, shown).map((event) => (
          <Row key={event.id} event={event} playing={isPlaying(event, playing)} onPlay={onPlay} />
        ))}
        {sorted && sorted.length > shown && (
          <button type="button" class="button wide" onClick={() => setShown(shown + PAGE)}>
            Show earlier events
          </button>
        )}
      </div>
    </section>
  );
}

function isPlaying(event: CameraEvent, at: number | undefined): boolean {
  return at !== undefined && at >= event.begin_us - LEAD_US && at <= (event.end_us ?? nowUs());
}

function Row({ event, playing, onPlay }: { event: CameraEvent; playing: boolean; onPlay: (us: number) => void }) {
  const picture = pictureUrl(event);
  return (
    <button
      type="button"
      class={playing ? "event-row playing" : "event-row"}
      title={exact(event.begin_us)}
      onClick={() => onPlay(event.begin_us - LEAD_US)}
    >
      <span class="event-thumb">{picture !== undefined && <img src={picture} alt="" loading="lazy" decoding="async" />}</span>
      <span class="event-words">
        <span>{kindWord(event.kind)}</span>
        <span class="quiet">{event.end_us === undefined ? "going on" : span(event.end_us - event.begin_us)}</span>
      </span>
      <span class="event-clock">{clock(event.begin_us)}</span>
    </button>
  );
}
