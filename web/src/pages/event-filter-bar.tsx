/** Owns the controls that choose which events are shown. */
import { fromInput, nowUs, toInput } from "../text/time.ts";
import { title } from "../text/words.ts";
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
            {title(kind)}
          </option>
        ))}
      </select>
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

function chosen(filter: Filter, key: "camera" | "kind", value: string): Filter {
  const changed: Filter = { ...filter };
  if (value === "") delete changed[key];
  else changed[key] = value;
  return changed;
}

function rest(filter: Filter): Filter {
  const { from: _from, to: _to, ...kept } = filter;
  return kept;
}
