/** Owns the names under which pages know the API's shapes; the shapes come from src/gen/api.d.ts. */
import type * as api from "./gen/api.d.ts";

export type {
  Active,
  ActiveInput,
  Ahead,
  Camera,
  CameraInput,
  CameraRules,
  Corner,
  Direction,
  EventBox,
  EventList,
  Finding,
  Forecast,
  Gate,
  Heading,
  Insight,
  InsightKind,
  InsightList,
  Model,
  ModelComparison,
  ModelList,
  ModelMeasure,
  ModelState,
  Normal,
  Oddity,
  Policy,
  ProbeInput,
  Rule,
  RuleKind,
  Source,
  SourceInput,
  State,
  System,
  Told,
  Trial,
  UsualPath,
  UsualWay,
  Verdict,
  VerdictInput,
  Zone,
  ZoneShape,
} from "./gen/api.d.ts";

export type CameraEvent = api.Event;
export type Segment = api.Span;
export type Gap = api.GapSpan;
export type Timeline = api.RecordingTimeline;
export type Stage = api.StageReport;
export type Problem = api.ProblemReport;
export type Bus = api.BusReport;
export type Engine = api.EngineReport;
export type Job = api.JobReport;
export type Probe = api.ProbeAnswer;

/** What events are asked for. */
export interface EventQuery {
  camera?: string;
  kind?: string;
  zone?: string;
  from_us?: number;
  to_us?: number;
  before_us?: number;
  limit?: number;
}
