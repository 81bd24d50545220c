/** Owns the words of learning: dimensions, kinds of models, measures, directions. */
import type { Finding, Model, ModelMeasure, ModelState } from "../types.ts";
import { title } from "../text/words.ts";

const DIMENSIONS: Record<string, string> = {
  time: "Unusual time",
  place: "Unusual place",
  way: "Unusual way",
  crowd: "More than usual",
  dwell: "Longer than usual",
  absence: "Nothing where something is usual",
  look: "The view looks different",
  cluster: "Moves otherwise",
  density: "Rare mixture of features",
};

/** What is odd, for a person. */
export function dimensionWord(dimension: string): string {
  return DIMENSIONS[dimension] ?? title(dimension);
}

const KINDS: Record<string, string> = {
  profile: "Usual times and places",
  kmeans: "Usual movement",
  "gaussian-mixture": "Mixture of movement",
  appearance: "Usual looks",
  forecast: "Forecast",
  patterns: "Usual paths",
};

/** A kind of model, for a person. */
export function modelWord(kind: string): string {
  return KINDS[kind] ?? title(kind);
}

/** True for kinds that score what comes, so that one can be scored beside another. */
export function scores(kind: string): boolean {
  return kind !== "forecast" && kind !== "patterns";
}

/** Whose model it is. */
export function scopeWord(scope: string): string {
  return scope.startsWith("group:") ? `Group ${scope.slice("group:".length)}` : scope;
}

const STATES: Record<ModelState, string> = {
  "in-force": "Counts",
  shadow: "Beside",
  older: "Older",
  waiting: "Counts in a moment",
};

/** How a version counts. */
export function modelStateWord(model: Pick<Model, "state" | "pinned">): string {
  return model.pinned ? `${STATES[model.state]}, chosen` : STATES[model.state];
}

const FINDINGS: Record<Finding, string> = {
  "too-early": "Too early to say which is better:",
  better: "The version beside is better:",
  "not-better": "The version beside is not better:",
};

/** Whether a version beside is better, as the beginning of a sentence. */
export function findingWord(finding: Finding): string {
  return FINDINGS[finding];
}

const MEASURES: Record<string, string> = {
  "mae-1h": "Off by, an hour ahead",
  "mae-24h": "Off by, a day ahead",
  "mae-week-ago": "Off by, if as a week ago",
  "coverage-1h": "Came in the band, an hour ahead",
  "coverage-24h": "Came in the band, a day ahead",
  hours: "Hours judged",
};

/** A measure and its value, for a person. */
export function measureWords(measure: ModelMeasure): { name: string; value: string } {
  const name = MEASURES[measure.name] ?? title(measure.name);
  const share = measure.name.startsWith("coverage");
  return { name, value: share ? `${Math.round(measure.value * 100)} %` : figure(measure.value) };
}

/** A number with as many digits as a person needs. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 100_000) return String(value);
  if (size >= 1000) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}

export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** The busiest hours of a week in a sentence, for who cannot see the picture of it. */
export function busiest(hours: readonly (number | null)[]): string {
  const known = hours.flatMap((share, at) => (share === null || share <= 0 ? [] : [{ share, at }]));
  if (known.length === 0) return "Nothing was in sight in any hour so far.";
  const top = [...known].sort((a, b) => b.share - a.share).slice(0, 3);
  const words = top.map(({ share, at }) => `${DAYS[Math.floor(at / 24)] ?? ""} ${at % 24}:00 (${Math.round(share * 100)} %)`);
  return `Most is in sight on ${words.join(", ")}.`;
}
