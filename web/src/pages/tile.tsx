/** Owns one camera on the wall: its live picture, state, motion and name. */
import { useState } from "preact/hooks";
import { LiveView } from "../live/view.tsx";
import type { Report } from "../live/player.ts";
import { cameraPath } from "../router.ts";
import { rate } from "../text/format.ts";
import { ago, exact } from "../text/time.ts";
import { sentence, stateAdvice, stateWord } from "../text/words.ts";
import type { Camera } from "../types.ts";
import { Icon } from "../ui/icons.tsx";

/** Motion from which a tile glows, as a share of the picture. */
const GLOW = 0.0005;

export function Tile({ camera, boxes }: { camera: Camera; boxes: boolean }) {
  const [report, setReport] = useState<Report>();
  const live = camera.state === "live";
  const moving = live && report?.phase === "playing" && (report.boxes > 0 || report.motion > GLOW);
  return (
    <a
      class={`tile ${camera.state}${moving ? " moving" : ""}`}
      href={cameraPath(camera.id)}
      aria-label={`${camera.name}: ${stateWord(camera.state)}${moving ? ", motion" : ""}`}
    >
      <div class="tile-picture">
        {camera.state !== "disabled" && camera.state !== "ended" && (
          <LiveView camera={camera.id} name={camera.name} stream="auto" boxes={boxes} onReport={setReport} />
        )}
        {!live && <Trouble camera={camera} />}
        {live && <Waiting report={report} />}
      </div>
      <div class="tile-caption">
        <span class={`dot ${camera.state}`} />
        <span class="tile-name">{camera.name}</span>
        {moving && <span class="tag motion">Motion</span>}
        {live && <span class="tile-facts">{report && report.fps > 0 ? `${rate(Math.round(report.fps))} fps` : ""}</span>}
        {!live && <span class="tile-facts">{stateWord(camera.state)}</span>}
      </div>
    </a>
  );
}

function Trouble({ camera }: { camera: Camera }) {
  return (
    <div class="tile-trouble">
      <Icon name={camera.state === "connecting" ? "camera" : "none"} size={26} />
      <strong>{stateWord(camera.state)}</strong>
      <span>{camera.reason === undefined ? stateAdvice(camera.state) : sentence(camera.reason)}</span>
      <span class="faint" title={exact(camera.since_us)}>
        {ago(camera.since_us) === "just now" ? "just now" : `for ${ago(camera.since_us).replace(" ago", "")}`}
      </span>
    </div>
  );
}

function Waiting({ report }: { report: Report | undefined }) {
  if (report?.phase === "playing") {
    const words = report.late === "" ? report.reason : report.late;
    return words === "" ? null : <span class="tile-reason">{sentence(words)}</span>;
  }
  const words = report?.reason !== undefined && report.reason !== "" ? sentence(report.reason) : "Waiting for a picture";
  return (
    <div class="tile-waiting">
      <span class="spinner" />
      <span>{words}</span>
    </div>
  );
}
