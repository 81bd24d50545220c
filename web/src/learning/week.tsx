/** Owns the picture of a usual week: how often something is in sight, by day and hour. */
import { Fragment } from "preact";
import { strength } from "./geometry.ts";
import { busiest, DAYS } from "./words.ts";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** Seven rows of 24 hours, Monday first; hours that were never seen are hatched. */
export function Week({ hours }: { hours: readonly (number | null)[] }) {
  const most = Math.max(0, ...hours.map((share) => share ?? 0));
  return (
    <figure class="week">
      <div class="week-grid" role="img" aria-label={busiest(hours)}>
        <span />
        {HOURS.map((hour) => (
          <span key={hour} class="week-hour">
            {hour % 6 === 0 ? hour : ""}
          </span>
        ))}
        {DAYS.map((name, day) => (
          <Fragment key={name}>
            <span class="week-day">{name}</span>
            {HOURS.map((hour) => (
              <Cell key={hour} share={hours[day * 24 + hour] ?? null} most={most} name={`${name} ${hour}:00`} />
            ))}
          </Fragment>
        ))}
      </div>
      <figcaption class="legend">
        <span>0 %</span>
        <span class="legend-ramp" />
        <span>{Math.round(most * 100)} % of the minutes</span>
        <span class="legend-never" />
        <span>never seen</span>
      </figcaption>
    </figure>
  );
}

function Cell({ share, most, name }: { share: number | null; most: number; name: string }) {
  if (share === null) return <span class="week-cell never" title={`${name}: not seen yet`} />;
  const words = `${name}: something in sight in ${Math.round(share * 1000) / 10} % of the minutes`;
  return (
    <span class="week-cell" title={words}>
      <span style={{ opacity: strength(share, most) }} />
    </span>
  );
}
