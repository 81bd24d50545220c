/** Owns the page of what is normal on a camera: times, places, ways, numbers, stays, what comes. */
import * as api from "../api.ts";
import { useAsked } from "../learning/asked.ts";
import { ForecastPart } from "../learning/forecast.tsx";
import { Places } from "../learning/places.tsx";
import { Week } from "../learning/week.tsx";
import { dimensionWord, figure } from "../learning/words.ts";
import { cameraPath } from "../router.ts";
import { cameras as shared } from "../state/shared.ts";
import { usePolled } from "../state/store.ts";
import { count } from "../text/format.ts";
import { ago, day } from "../text/time.ts";
import type { Camera, Normal } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { useTitle } from "../ui/measure.ts";
import { Note } from "../ui/parts.tsx";

const NUMBERS = ["0", "1", "2", "3", "4–5", "6–8", "9–15", "16+"] as const;
const STAYS = ["5 s", "10 s", "20 s", "40 s", "80 s", "3 min", "5 min", "11 min", "21 min", "43 min", "85 min", "more"] as const;

export function NormalPage({ id }: { id: string }) {
  const cameras = usePolled(shared);
  const camera = cameras.value?.find((candidate) => candidate.id === id);
  const { value, error, again } = useAsked((signal) => api.normal(id, signal), [id], 30_000);
  useTitle(`Normal: ${camera?.name ?? id}`);
  return (
    <div class="learning-page">
      <div class="bar">
        <div class="crumbs">
          <a class="icon-button" href={cameraPath(id)} aria-label="Back to the camera" title="Back to the camera">
            <Icon name="left" />
          </a>
          <h1 class="headline">What is normal: {camera?.name ?? id}</h1>
        </div>
      </div>
      {value && camera ? (
        <Learned camera={camera} normal={value} />
      ) : error !== undefined ? (
        <Note icon="search" title="Nothing to show yet">
          <p>{error}</p>
          <button type="button" class="button" onClick={again}>
            Look again
          </button>
        </Note>
      ) : (
        <div class="skeleton plot-box" />
      )}
    </div>
  );
}

function Learned({ camera, normal }: { camera: Camera; normal: Normal }) {
  const whole = normal.thresholds.length > 0;
  return (
    <div class="learned-parts">
      <p class="quiet learned-of">
        Learned from {count(normal.minutes)} minutes since {day(normal.from_us)}, the last {ago(normal.to_us)}, by {normal.trainer}.{" "}
        {whole ? "What is not as usual is told." : "What is not as usual is told after two days."}
      </p>
      <section class="panel learned" aria-label="By day and hour">
        <h2>When something is in sight</h2>
        <Week hours={normal.hour_active} />
      </section>
      <section class="panel learned" aria-label="By place">
        <h2>Where it moves</h2>
        <Places camera={camera} normal={normal} />
      </section>
      <ForecastPart camera={camera.id} />
      <section class="panel learned two" aria-label="Numbers and stays">
        <div>
          <h2>How many at once</h2>
          <Bars shares={numbers(normal)} names={NUMBERS} of="of the minutes" />
        </div>
        <div>
          <h2>How long they stay</h2>
          <Bars shares={normal.dwell} names={STAYS} of="of the minutes with movement, less than" />
        </div>
      </section>
      {whole && (
        <section class="panel learned" aria-label="Thresholds">
          <h2>From where on it is told</h2>
          <dl class="measures">
            {normal.thresholds.map((one) => (
              <div key={one.dimension}>
                <dt>{dimensionWord(one.dimension)}</dt>
                <dd>{figure(one.score)}</dd>
              </div>
            ))}
          </dl>
          <p class="quiet">Times, places and the like: rarer than once in so many minutes.</p>
        </section>
      )}
    </div>
  );
}

/** Numbers at once over all hours that were seen. */
function numbers(normal: Normal): number[] {
  const seen = normal.crowd.filter((hour) => hour.shares.some((share) => share > 0));
  return NUMBERS.map((_, at) => seen.reduce((sum, hour) => sum + (hour.shares[at] ?? 0), 0) / Math.max(1, seen.length));
}

function Bars({ shares, names, of }: { shares: readonly number[]; names: readonly string[]; of: string }) {
  const most = Math.max(0.0001, ...shares);
  return (
    <div class="bars">
      {shares.map((share, at) => (
        <div key={names[at]} class="bar-column" title={`${names[at] ?? ""}: ${(share * 100).toFixed(1)} % ${of}`}>
          <span class="bar-room">
            <span class="bar-fill" style={{ height: `${(100 * share) / most}%` }} />
          </span>
          <span class="bar-name">{names[at]}</span>
        </div>
      ))}
    </div>
  );
}
