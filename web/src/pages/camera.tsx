/** Owns the page of one camera: live or recorded picture, timeline, events, facts. */
import { useCallback, useEffect, useState } from "preact/hooks";
import * as api from "../api.ts";
import type { Report } from "../live/player.ts";
import { LiveView } from "../live/view.tsx";
import { ZoneOverlay } from "../live/zones.tsx";
import { cameraPath, editPath, go, normalPath, rulesPath } from "../router.ts";
import { merge, useArrivals } from "../state/arrivals.ts";
import { cameras as shared } from "../state/shared.ts";
import { usePolled } from "../state/store.ts";
import { nowUs, dayStart } from "../text/time.ts";
import { sentence, stateAdvice, stateWord } from "../text/words.ts";
import type { Camera, Timeline } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { useTitle } from "../ui/measure.ts";
import { IconButton, Note, StateBadge } from "../ui/parts.tsx";
import { CameraEvents } from "./camera-events.tsx";
import { Facts } from "./camera-facts.tsx";
import { TimePanel } from "./camera-time.tsx";
import { Playback } from "./playback.tsx";

const TIMELINE_MS = 5000;

export function CameraPage({ id, query }: { id: string; query: URLSearchParams }) {
  const { value, error } = usePolled(shared);
  const camera = value?.find((candidate) => candidate.id === id);
  useTitle(camera?.name ?? id);
  if (!value) {
    if (error === undefined) return <div class="camera-page"><div class="skeleton stage" /></div>;
    return (
      <Note kind="bad" icon="warning" title="This camera cannot be shown">
        <p>{error}</p>
        <button type="button" class="button primary" onClick={() => shared.refresh()}>
          Try again
        </button>
      </Note>
    );
  }
  if (!camera) {
    return (
      <Note icon="none" title="There is no such camera">
        <p>
          No camera has the id <code>{id}</code>. It may have been removed.
        </p>
        <a class="button primary" href="/">
          To the wall
        </a>
      </Note>
    );
  }
  return <Whole camera={camera} query={query} />;
}

function Whole({ camera, query }: { camera: Camera; query: URLSearchParams }) {
  const asked = Number(query.get("at"));
  const at = Number.isFinite(asked) && asked > 0 ? asked : undefined;
  const [report, setReport] = useState<Report>();
  const [head, setHead] = useState<number>();
  const [boxes, setBoxes] = useState(true);
  const [day, setDay] = useState(() => dayStart(at ?? nowUs()));
  const { line, failed } = useTimeline(camera.id, day);
  const seek = useCallback((us: number) => go(cameraPath(camera.id, us), true), [camera.id]);
  const toLive = useCallback(() => go(cameraPath(camera.id), true), [camera.id]);
  useEffect(() => setHead(at), [at]);
  return (
    <div class="camera-page">
      <div class="bar">
        <div class="crumbs">
          <a class="icon-button" href="/" aria-label="Back to the wall" title="Back to the wall">
            <Icon name="left" />
          </a>
          <h1 class="headline">{camera.name}</h1>
          {at === undefined || camera.state !== "live" ? (
            <StateBadge state={camera.state} title={camera.reason} />
          ) : (
            <span class="badge">Recorded</span>
          )}
        </div>
        <div class="bar-end">
          {at === undefined && (
            <IconButton icon="boxes" label={boxes ? "Hide boxes" : "Show boxes"} pressed={boxes} onClick={() => setBoxes(!boxes)} />
          )}
          <IconButton icon="full" label="Full screen" onClick={fullScreen} />
          <a class="button" href={normalPath(camera.id)} aria-label="Normal" title="What is normal here">
            <Icon name="learning" size={16} />
            <span class="not-phone">Normal</span>
          </a>
          <a class="button" href={rulesPath(camera.id)} aria-label="Rules" title="Zones and rules">
            <Icon name="rules" size={16} />
            <span class="not-phone">Rules</span>
          </a>
          <a class="button" href={editPath(camera.id)} aria-label="Settings" title="Settings">
            <Icon name="edit" size={16} />
            <span class="not-phone">Settings</span>
          </a>
        </div>
      </div>
      <div class="camera-main">
        <section class="stage" id="stage" aria-label="Picture">
          {at === undefined ? (
            <LiveStage camera={camera} boxes={boxes} report={report} onReport={setReport} />
          ) : (
            <Playback camera={camera.id} name={camera.name} at={at} line={line} onHead={setHead} onLive={toLive} />
          )}
        </section>
        <aside class="side">
          <CameraEvents events={line?.events} playing={head} failed={failed} onPlay={seek} />
          <Facts camera={camera} report={at === undefined ? report : undefined} />
        </aside>
        <TimePanel line={line} live={camera.state === "live"} failed={failed} day={day} head={at === undefined ? undefined : head} onDay={setDay} onSeek={seek} onLive={toLive} />
      </div>
    </div>
  );
}

function LiveStage({ camera, boxes, report, onReport }: {
  camera: Camera;
  boxes: boolean;
  report: Report | undefined;
  onReport: (report: Report) => void;
}) {
  const shows = camera.state !== "disabled" && camera.state !== "ended";
  return (
    <>
      {shows && <LiveView camera={camera.id} name={camera.name} stream="main" labels boxes={boxes} onReport={onReport} />}
      {shows && boxes && <ZoneOverlay camera={camera} />}
      {camera.state !== "live" ? (
        <div class="stage-trouble">
          <Icon name="none" size={32} />
          <strong>{stateWord(camera.state)}</strong>
          <span>{camera.reason === undefined ? stateAdvice(camera.state) : sentence(camera.reason)}</span>
          {camera.reason !== undefined && <span class="quiet">{stateAdvice(camera.state)}</span>}
        </div>
      ) : (
        report?.phase !== "playing" && (
          <div class="stage-waiting">
            <span class="spinner" />
            <span>{report?.reason !== undefined && report.reason !== "" ? sentence(report.reason) : "Waiting for a picture"}</span>
          </div>
        )
      )}
      {report?.phase === "playing" && (report.late || report.reason) !== "" && (
        <span class="tile-reason">{sentence(report.late || report.reason)}</span>
      )}
    </>
  );
}

function fullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.getElementById("stage")?.requestFullscreen?.().catch(() => undefined);
}

/** A day's timeline, asked again as it grows, with events put in as they arrive. */
function useTimeline(id: string, day: number): { line: Timeline | undefined; failed: string | undefined } {
  const [line, setLine] = useState<Timeline>();
  const [failed, setFailed] = useState<string>();
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setLine(undefined);
    const ask = async (): Promise<void> => {
      try {
        const got = await api.timeline(id, day, day + 25 * 3_600_000_000, stop.signal);
        setLine(got);
        setFailed(undefined);
      } catch (thrown) {
        if (!stop.signal.aborted) setFailed(api.messageOf(thrown));
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void ask(), TIMELINE_MS);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [id, day]);
  useArrivals((event) => {
    if (event.camera !== id || event.begin_us < day) return;
    setLine((now) => (now ? { ...now, events: merge(newestFirst(now.events), event) } : now));
  });
  return { line, failed };
}

function newestFirst(events: Timeline["events"]): Timeline["events"] {
  return [...events].sort((a, b) => b.begin_us - a.begin_us);
}
