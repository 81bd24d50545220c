/** Owns the window that plays the moment of an event over the page. */
import { useEffect, useRef, useState } from "preact/hooks";
import { pictureUrl, videoUrl, whyUnplayable } from "../api.ts";
import { Oddities, Say } from "../learning/anomalies.tsx";
import { cameraPath } from "../router.ts";
import { exact, moment, nowUs, span } from "../text/time.ts";
import { kindWord } from "../text/words.ts";
import type { CameraEvent } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { IconButton } from "../ui/parts.tsx";
import { LEAD_US } from "./camera-events.tsx";

const TAIL_US = 3_000_000;
const MOST_US = 120_000_000;

const WHY = {
  missing: "Its recording is not in the archive yet: the newest minute is still being written. Try again soon.",
  codec: "This browser does not play the codec of this recording. Download it and play it with another program.",
} as const;

interface Props {
  event: CameraEvent;
  name: string;
  onClose: () => void;
  onEarlier: (() => void) | undefined;
  onLater: (() => void) | undefined;
}

export function Moment({ event, name, onClose, onEarlier, onLater }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [failed, setFailed] = useState<"missing" | "codec">();
  // Fixed when the window opens, so that an event still going on does not restart its video.
  const [end, setEnd] = useState(() => event.end_us ?? nowUs());
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);
  useEffect(() => {
    setFailed(undefined);
    setEnd(event.end_us ?? nowUs());
  }, [event.id]);
  const from = event.begin_us - LEAD_US;
  const to = Math.min(end + TAIL_US, from + MOST_US);
  const keys = (pressed: KeyboardEvent) => {
    if (pressed.target instanceof HTMLVideoElement) return;
    if (pressed.key === "ArrowLeft") onEarlier?.();
    if (pressed.key === "ArrowRight") onLater?.();
  };
  const picture = pictureUrl(event);
  return (
    <dialog
      class="moment"
      ref={dialog}
      aria-label={`${kindWord(event.kind)}, ${name}`}
      onClose={onClose}
      onKeyDown={keys}
      onClick={(clicked) => clicked.target === dialog.current && dialog.current?.close()}
    >
      <div class="moment-head">
        <h2>
          {kindWord(event.kind)} <span class="quiet">{name}</span>
        </h2>
        <IconButton icon="close" label="Close" onClick={() => dialog.current?.close()} />
      </div>
      <div class="moment-stage">
        {failed !== undefined ? (
          <>
            {picture !== undefined && <img src={picture} alt={`Picture of the event at ${exact(event.begin_us)}`} />}
            <p class="moment-note">{WHY[failed]}</p>
          </>
        ) : (
          <video
            key={`${event.id} ${to}`}
            src={videoUrl(event.camera, from, to)}
            poster={picture}
            aria-label={`Recording of ${name} from ${exact(from)}`}
            controls
            autoPlay
            muted
            playsInline
            onError={() => void whyUnplayable(event.camera, from, to).then(setFailed)}
          />
        )}
      </div>
      {event.kind === "anomaly" && (
        <div class="moment-odd">
          <Oddities list={event.oddities ?? []} text={event.detail ?? ""} />
          <div class="found-ways">
            <Say key={event.id} of={event} />
          </div>
        </div>
      )}
      <div class="moment-foot">
        <span title={exact(event.begin_us)}>
          {moment(event.begin_us)}
          <span class="quiet"> · {event.end_us === undefined ? "still going on" : span(event.end_us - event.begin_us)}</span>
        </span>
        <span class="row">
          <IconButton icon="left" label="Earlier event" disabled={!onEarlier} onClick={() => onEarlier?.()} />
          <IconButton icon="right" label="Later event" disabled={!onLater} onClick={() => onLater?.()} />
          <a class="icon-button" href={videoUrl(event.camera, from, to, true)} download aria-label="Download" title="Download">
            <Icon name="download" />
          </a>
          <a class="button" href={cameraPath(event.camera, from)}>
            Open at the camera
          </a>
        </span>
      </div>
    </dialog>
  );
}
