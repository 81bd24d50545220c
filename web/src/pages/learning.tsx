/** Owns the page of learning: what is not as usual on all cameras, and the models behind it. */
import { useState } from "preact/hooks";
import * as api from "../api.ts";
import { Found } from "../learning/anomalies.tsx";
import { useAsked } from "../learning/asked.ts";
import { Models } from "../learning/models.tsx";
import { normalPath } from "../router.ts";
import { cameras as shared } from "../state/shared.ts";
import { usePolled } from "../state/store.ts";
import type { Camera, InsightKind } from "../types.ts";
import { useTitle } from "../ui/measure.ts";
import { Note, Stale } from "../ui/parts.tsx";

/** Findings that are shown at first, and when someone asks for more. */
const FEW = 6;
const MOST = 50;

const KINDS: readonly { kind: InsightKind; word: string }[] = [
  { kind: "anomaly", word: "Anomalies" },
  { kind: "health", word: "Camera health" },
  { kind: "pattern", word: "New paths" },
];

export function LearningPage() {
  useTitle("Learning");
  const { value: cameras } = usePolled(shared);
  const [camera, setCamera] = useState("");
  const [kind, setKind] = useState<InsightKind>("anomaly");
  return (
    <div class="learning-page">
      <div class="bar">
        <h1 class="headline">Learning</h1>
        <div class="bar-end filters">
          <select aria-label="Camera" value={camera} onChange={(event) => setCamera(event.currentTarget.value)}>
            <option value="">All cameras</option>
            {(cameras ?? []).map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
          <select aria-label="What was found" value={kind} onChange={(event) => setKind(event.currentTarget.value as InsightKind)}>
            {KINDS.map((one) => (
              <option key={one.kind} value={one.kind}>
                {one.word}
              </option>
            ))}
          </select>
        </div>
      </div>
      <div class="learned-parts">
        <FoundPart camera={camera} kind={kind} cameras={cameras ?? []} />
        <NormalPart cameras={cameras ?? []} />
        <ModelPart camera={camera} />
      </div>
    </div>
  );
}

function FoundPart({ camera, kind, cameras }: { camera: string; kind: InsightKind; cameras: Camera[] }) {
  const { value, error, again } = useAsked((signal) => api.insights({ camera, kind, limit: MOST }, signal), [camera, kind], 10_000);
  const [all, setAll] = useState(false);
  const names = new Map(cameras.map((one) => [one.id, one.name]));
  const word = KINDS.find((one) => one.kind === kind)?.word ?? "";
  return (
    <section class="panel learned" aria-label={word}>
      <h2>{word}</h2>
      <Stale error={value ? error : undefined} retry={again} />
      {value === undefined ? (
        error === undefined ? <div class="skeleton row" /> : <p class="bad-words">{error}</p>
      ) : value.insights.length === 0 ? (
        <Note icon="check" title={kind === "anomaly" ? "All is as usual" : "Nothing was found"}>
          <p>{EMPTY[kind]}</p>
        </Note>
      ) : (
        <>
          <ul class="found-list">
            {value.insights.slice(0, all ? MOST : FEW).map((insight) => (
              <Found key={insight.id} insight={insight} name={names.get(insight.camera) ?? insight.camera} />
            ))}
          </ul>
          {value.insights.length > FEW && (
            <button type="button" class="button small more" onClick={() => setAll(!all)}>
              {all ? "Fewer" : value.next_before_us === undefined ? `All ${value.insights.length}` : `The last ${MOST}`}
            </button>
          )}
        </>
      )}
    </section>
  );
}

const EMPTY: Record<InsightKind, string> = {
  anomaly: "What is usual is learned on each camera all the time; after two days, what is not is told here.",
  health: "Sharpness, brightness and packets of all cameras are followed; a drift towards failure is told here.",
  pattern: "Ways through the picture that become usual are told here.",
  forecast: "",
  shadow: "",
};

function NormalPart({ cameras }: { cameras: Camera[] }) {
  if (cameras.length === 0) return null;
  return (
    <section class="panel learned" aria-label="What is normal">
      <h2>What is normal on</h2>
      <div class="normal-ways">
        {cameras.map((camera) => (
          <a key={camera.id} class="button" href={normalPath(camera.id)}>
            {camera.name}
          </a>
        ))}
      </div>
    </section>
  );
}

function ModelPart({ camera }: { camera: string }) {
  const { value, error, again } = useAsked((signal) => api.models(camera, signal), [camera], 20_000);
  return (
    <section class="panel learned" aria-label="Models">
      <h2>Models</h2>
      {camera === "" && <p class="quiet">Of groups of cameras. Choose a camera to see its own, too.</p>}
      {value ? <Models list={value} onChange={() => setTimeout(again, 700)} /> : error === undefined ? <div class="skeleton row" /> : <p class="bad-words">{error}</p>}
    </section>
  );
}
