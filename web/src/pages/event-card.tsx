/** Owns one event as a card: its picture with its box, what, where and when. */
import { useState } from "preact/hooks";
import { pictureUrl } from "../api.ts";
import { clock, exact, span } from "../text/time.ts";
import { kindWord } from "../text/words.ts";
import type { CameraEvent } from "../types.ts";
import { Icon } from "../ui/icons.tsx";

export function EventCard({ event, name, zone, onOpen }: { event: CameraEvent; name: string; zone?: string | undefined; onOpen: () => void }) {
  const [broken, setBroken] = useState(false);
  const picture = pictureUrl(event);
  const going = event.end_us === undefined;
  return (
    <button
      type="button"
      class={going ? "event-card going" : "event-card"}
      aria-label={`${kindWord(event.kind)}, ${name}, ${exact(event.begin_us)}. Play the moment`}
      onClick={onOpen}
    >
      <span class="event-picture">
        {picture !== undefined && !broken ? (
          <img src={picture} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
        ) : (
          <span class="event-nothing">
            <Icon name="camera" size={24} />
            {going ? "Picture follows" : "No picture"}
          </span>
        )}
        <span class="event-length">{event.end_us === undefined ? "now" : span(event.end_us - event.begin_us)}</span>
        <span class="event-play">
          <Icon name="play" size={22} />
        </span>
      </span>
      <span class="event-line">
        <span class="event-kind">{kindWord(event.kind)}</span>
        <span class="event-clock" title={exact(event.begin_us)}>
          {clock(event.begin_us)}
        </span>
      </span>
      <span class="event-camera">
        {name}
        {event.zone !== undefined && ` · ${zone ?? event.zone}`}
        {event.detail !== undefined && ` · ${event.detail}`}
      </span>
    </button>
  );
}
