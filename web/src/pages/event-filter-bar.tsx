/** Owns the controls that choose which events are shown. */
import { fromInput, nowUs, toInput } from "../text/time.ts";
import { kindWord } from "../text/words.ts";
import type { Camera } from "../types.ts";
import type { Filter, When } from "./event-filter.ts";

interface Props {
  filter: Filter;
  cameras: readonly Camera[];
  kinds: readonly string[];
  onChange: (filter: Filter) => void;
}

const WHENS: readonly (readonly [When, string])[] = [
  ["all", "Any time"],
  ["hour", "Last hour"],
  ["today", "Today"],
  ["yesterday", "Yesterday"],
  ["week", "Last 7 days"],
  ["custom", "From … to …"],
];

export function EventFilterBar({ filter, cameras, kinds, onChange }: Props) {
  const when = (value: When): Filter =>
    value === "custom"
      ? { ...filter, when: value, from: nowUs() - 86_400_000_000, to: nowUs() }
      : { ...rest(filter), when: value };
  const zones = zonesOf(filter, cameras);
  return (
    <div class="bar-end filters" role="search" aria-label="Which events">
      <select
        aria-label="Camera"
        value={filter.camera ?? ""}
        onChange={(event) => onChange(chosen(filter, "camera", event.currentTarget.value))}
      >
        <option value="">All cameras</option>
        {cameras.map((camera) => (
          <option key={camera.id} value={camera.id}>
            {camera.name}
          </option>
        ))}
      </select>
      <select
        aria-label="Kind"
        value={filter.kind ?? ""}
        onChange={(event) => onChange(chosen(filter, "kind", event.currentTarget.value))}
      >
        <option value="">All kinds</option>
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {kindWord(kind)}
          </option>
        ))}
      </select>
      {zones.length > 0 && (
        <select
          aria-label="Zone"
          value={filter.zone ?? ""}
          onChange={(event) => onChange(chosen(filter, "zone", event.currentTarget.value))}
        >
          <option value="">All zones</option>
          {zones.map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
      <select aria-label="Time" value={filter.when} onChange={(event) => onChange(when(event.currentTarget.value as When))}>
        {WHENS.map(([key, word]) => (
          <option key={key} value={key}>
            {word}
          </option>
        ))}
      </select>
      {filter.when === "custom" && (
        <span class="filter-span">
          <Edge label="From" value={filter.from} onChange={(from) => onChange({ ...filter, from })} />
          <Edge label="To" value={filter.to} onChange={(to) => onChange({ ...filter, to })} />
        </span>
      )}
    </div>
  );
}

function Edge({ label, value, onChange }: { label: string; value: number | undefined; onChange: (us: number) => void }) {
  return (
    <input
      type="datetime-local"
      aria-label={label}
      value={value === undefined ? "" : toInput(value)}
      onChange={(event) => {
        const us = fromInput(event.currentTarget.value);
        if (us !== undefined) onChange(us);
      }}
    />
  );
}

function chosen(filter: Filter, key: "camera" | "kind" | "zone", value: string): Filter {
  const changed: Filter = { ...filter };
  if (key === "camera") delete changed.zone;
  if (value === "") delete changed[key];
  else changed[key] = value;
  return changed;
}

/** Zones to choose from: those of the chosen camera, because cameras may call theirs the same. */
function zonesOf(filter: Filter, cameras: readonly Camera[]): [string, string][] {
  const from = cameras.filter((camera) => camera.id === filter.camera);
  const names = new Map(from.flatMap((camera) => camera.zones.map((zone) => [zone.id, zone.name] as const)));
  if (filter.zone !== undefined && !names.has(filter.zone)) names.set(filter.zone, filter.zone);
  return [...names].sort((a, b) => a[1].localeCompare(b[1]));
}

function rest(filter: Filter): Filter {
  const { from: _from, to: _to, ...kept } = filter;
  return kept;
}
