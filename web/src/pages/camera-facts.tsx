/** Owns the facts of a camera: what comes, how much, how late. */
import type { Report } from "../live/player.ts";
import { bitRate, codecName, count, percent, rate } from "../text/format.ts";
import { ago, exact, lag } from "../text/time.ts";
import { clockWord } from "../text/words.ts";
import type { Camera } from "../types.ts";

export function Facts({ camera, report }: { camera: Camera; report: Report | undefined }) {
  const facts: [string, string, string?][] = [];
  if (camera.codec !== undefined) facts.push(["Codec", codecName(camera.codec) + (camera.audio ? " with sound" : "")]);
  if (camera.width !== undefined && camera.height !== undefined) facts.push(["Size", `${camera.width} × ${camera.height}`]);
  if (camera.frame_rate !== undefined) facts.push(["Frame rate", `${rate(camera.frame_rate)} per second`]);
  if (camera.bit_rate_bps !== undefined) facts.push(["Bit rate", bitRate(camera.bit_rate_bps)]);
  if (report?.phase === "playing") {
    facts.push(["Latency", lag(Math.max(0, report.latencyUs)), "From the camera's picture to this screen, by the server's clock"]);
  }
  if (camera.coverage_24h !== undefined) {
    facts.push(["Recorded", percent(camera.coverage_24h), "Of the last 24 hours, or since the first recording"]);
  }
  if (camera.capture_source !== undefined && camera.capture_source !== null) {
    const known = clockWord(camera.capture_source, camera.capture_error_us ?? undefined);
    facts.push(["Clock", known, "How it is known when a picture was taken, and how far that may be off"]);
  }
  if (camera.reconnects > 0) facts.push(["Reconnects", count(camera.reconnects)]);
  if (camera.dropped > 0) facts.push(["Dropped", count(camera.dropped), "Pictures that could not be kept"]);
  const main = camera.sources.find((source) => source.stream === "main");
  return (
    <section class="panel facts" aria-label="Facts">
      <dl>
        {facts.map(([name, value, hint]) => (
          <div key={name} title={hint}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {camera.state !== "live" && camera.last_unit_us !== undefined && (
          <div title={exact(camera.last_unit_us)}>
            <dt>Last picture</dt>
            <dd>{ago(camera.last_unit_us)}</dd>
          </div>
        )}
        {main && (
          <div>
            <dt>Address</dt>
            <dd class="address" title={main.address}>
              {main.address}
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
