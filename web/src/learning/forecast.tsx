/** Owns the plot of what is expected to come, with what came and how good it was. */
import * as api from "../api.ts";
import { count } from "../text/format.ts";
import { clock, day } from "../text/time.ts";
import { sentence } from "../text/words.ts";
import type { Ahead, Forecast } from "../types.ts";
import { plot } from "./geometry.ts";
import { measureWords } from "./words.ts";
import { useAsked } from "./asked.ts";

const WIDTH = 1000;
const HEIGHT = 240;

export function ForecastPart({ camera }: { camera: string }) {
  const { value, error } = useAsked((signal) => api.forecast(camera, signal), [camera], 60_000);
  return (
    <section class="panel learned" aria-label="Forecast">
      <h2>What is expected to come</h2>
      {value ? <Plotted forecast={value} /> : error === undefined ? <div class="skeleton plot-box" /> : <p class="quiet">{error}</p>}
    </section>
  );
}

function Plotted({ forecast }: { forecast: Forecast }) {
  const { hours } = forecast;
  const drawn = plot(hours, WIDTH, HEIGHT);
  const words = `${sentence(forecast.text)}. The band holds nine hours of ten; dots are what came.`;
  return (
    <>
      <div class="plot">
        <div class="plot-top quiet">{count(drawn.top)} an hour</div>
        <svg class="plot-box" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
          <polygon class="plot-band" points={drawn.band} />
          <polyline class="plot-line" points={drawn.line} />
          {drawn.now !== undefined && <line class="plot-now" x1={drawn.now} x2={drawn.now} y1={0} y2={HEIGHT} />}
        </svg>
        <div class="plot-dots" aria-hidden="true">
          {drawn.came.map((dot) => (
            <span key={dot.x} style={{ left: `${(100 * dot.x) / WIDTH}%`, top: `${(100 * dot.y) / HEIGHT}%` }} />
          ))}
        </div>
        <Axis hours={hours} />
      </div>
      <p class="quiet">{words}</p>
      {forecast.measures.length > 0 && (
        <dl class="measures">
          {forecast.measures.map(measureWords).map((measure) => (
            <div key={measure.name}>
              <dt>{measure.name}</dt>
              <dd>{measure.value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

function Axis({ hours }: { hours: readonly Ahead[] }) {
  const step = Math.max(1, Math.ceil(hours.length / 6));
  return (
    <div class="plot-axis quiet" aria-hidden="true">
      {hours.map((hour, at) =>
        at % step === 0 ? (
          <span key={hour.begin_us} style={{ left: `${(100 * (at + 0.5)) / hours.length}%` }}>
            {`${day(hour.begin_us)} ${clock(hour.begin_us, false)}`}
          </span>
        ) : null,
      )}
    </div>
  );
}
