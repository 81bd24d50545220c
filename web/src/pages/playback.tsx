/** Owns the playing of the recording from a moment on, over holes, to the live picture. */
import { useEffect, useRef, useState } from "preact/hooks";
import { videoSpan, videoUrl, whyUnplayable } from "../api.ts";
import { clock, exact, moment } from "../text/time.ts";
import { playSpan } from "../timeline/geometry.ts";
import type { Segment, Timeline } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { Choice, IconButton } from "../ui/parts.tsx";

const SPEEDS = [["0.5", "½×"], ["1", "1×"], ["2", "2×"], ["4", "4×"], ["8", "8×"]] as const;

interface Props {
  camera: string;
  name: string;
  at: number;
  line: Timeline | undefined;
  /** Called with the moment shown, as it plays. */
  onHead: (us: number) => void;
  onLive: () => void;
}

export function Playback({ camera, name, at, line, onHead, onLive }: Props) {
  const [span, setSpan] = useState<Segment>();
  const [state, setState] = useState<"loading" | "playing" | "paused" | "none" | "end" | "failed" | "codec">("loading");
  const [speed, setSpeed] = useState("1");
  const video = useRef<HTMLVideoElement>(null);
  const [shown, setShown] = useState(at);
  /** What the server really gives of the span. */
  const given = useRef<Segment>({ start_us: at, end_us: at });

  const known = line !== undefined;
  useEffect(() => {
    if (!line) return;
    const found = playSpan(line.segments, at);
    setSpan(found);
    setState(found ? "loading" : "none");
    // The timeline grows while a moment plays: only a new moment starts a new playing.
  }, [at, known]);

  useEffect(() => {
    if (!span) return;
    const stop = new AbortController();
    given.current = span;
    void videoSpan(camera, span.start_us, span.end_us, stop.signal).then((told) => {
      if (!stop.signal.aborted) given.current = told;
    });
    return () => stop.abort();
  }, [camera, span]);

  useEffect(() => {
    if (video.current) video.current.playbackRate = Number(speed);
  }, [speed, span, state]);

  const moved = () => {
    const element = video.current;
    if (!element || !span) return;
    const us = given.current.start_us + element.currentTime * 1e6;
    setShown(us);
    onHead(us);
  };
  const next = () => {
    // The span as it was asked for, or to where the picture's codec or size changes.
    const end = span && Math.max(span.start_us + 1, Math.min(span.end_us, given.current.end_us));
    const after = end !== undefined && line ? playSpan(line.segments, end) : undefined;
    if (after && end !== undefined && after.start_us >= end) {
      setState("loading");
      setSpan(after);
    } else setState("end");
  };
  const toggle = () => {
    const element = video.current;
    if (!element) return;
    if (element.paused) void element.play().catch(() => setState("failed"));
    else element.pause();
  };
  return (
    <>
      {span && (
        <video
          key={`${span.start_us}`}
          class="playback"
          ref={video}
          src={videoUrl(camera, span.start_us, span.end_us)}
          aria-label={`Recording of ${name} from ${exact(span.start_us)}`}
          autoPlay
          muted
          playsInline
          onTimeUpdate={moved}
          onPlaying={() => setState("playing")}
          onPause={() => setState("paused")}
          onWaiting={() => setState("loading")}
          onEnded={next}
          onError={() => void whyUnplayable(camera, span.start_us, span.end_us).then((why) => setState(why === "codec" ? "codec" : "failed"))}
          onClick={toggle}
        />
      )}
      <PlayNote state={state} at={at} onLive={onLive} onAgain={() => (setState("loading"), setSpan(span && { ...span, start_us: span.start_us + 1 }))} />
      {span && (
        <div class="play-bar">
          <IconButton icon={state === "paused" ? "play" : "pause"} label={state === "paused" ? "Play" : "Pause"} onClick={toggle} />
          <span class="play-when" title={exact(shown)}>
            {moment(shown)}
          </span>
          <Choice label="Speed" value={speed} options={SPEEDS} onChange={setSpeed} />
          <a class="icon-button" href={videoUrl(camera, span.start_us, Math.min(span.end_us, span.start_us + 300_000_000), true)} download aria-label="Download up to five minutes from here" title="Download up to five minutes from here">
            <Icon name="download" />
          </a>
        </div>
      )}
    </>
  );
}

function PlayNote({ state, at, onLive, onAgain }: { state: string; at: number; onLive: () => void; onAgain: () => void }) {
  if (state === "loading") {
    return (
      <div class="stage-waiting">
        <span class="spinner" />
      </div>
    );
  }
  const words: Record<string, string> = {
    none: `Nothing is recorded at ${clock(at)} or later. The newest minute may still be on its way to the archive.`,
    end: "This is the end of the recording.",
    codec: "This browser does not play the codec of this recording. Download it below and play it with another program.",
    failed: "The recording could not be played. The system page may know more.",
  };
  const text = words[state];
  if (text === undefined) return null;
  return (
    <div class="stage-trouble">
      <strong>{text}</strong>
      <div class="row">
        {state === "failed" && (
          <button type="button" class="button" onClick={onAgain}>
            Try again
          </button>
        )}
        <button type="button" class="button primary" onClick={onLive}>
          To the live picture
        </button>
      </div>
    </div>
  );
}
