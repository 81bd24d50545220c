/** Owns the shapes that travel between the server and the pages, in the server's own words. */

export type State = "live" | "connecting" | "offline" | "disabled" | "ended";

export interface Source {
  stream: "main" | "sub";
  address: string;
  username?: string;
  has_password: boolean;
  record: boolean;
  analyse: boolean;
  live: boolean;
  transport: "tcp" | "udp";
  once: boolean;
}

export interface Policy {
  priority: number;
  sensitivity: number;
  min_object_permille: number;
  keep_days?: number;
  keep_bytes?: number;
}

export interface Camera {
  id: string;
  name: string;
  enabled: boolean;
  state: State;
  reason?: string;
  since_us: number;
  codec?: string;
  width?: number;
  height?: number;
  frame_rate?: number;
  bit_rate_bps?: number;
  audio: boolean;
  last_unit_us?: number;
  reconnects: number;
  dropped: number;
  sources: Source[];
  policy: Policy;
  time_zone: string;
  version: number;
  coverage_24h?: number;
}

/** A camera as it is sent to be saved: a password left out keeps the stored one. */
export interface CameraInput {
  id: string;
  name: string;
  enabled: boolean;
  sources: SourceInput[];
  policy: Policy;
  time_zone: string;
  /** The version that this change was made from. */
  version?: number;
}

export interface SourceInput {
  stream: "main" | "sub";
  address: string;
  username?: string;
  password?: string;
  record: boolean;
  analyse: boolean;
  live: boolean;
  transport: "tcp" | "udp";
  once: boolean;
}

export interface ProbeInput {
  address: string;
  username?: string;
  password?: string;
  transport: "tcp" | "udp";
}

export interface Probe {
  ok: boolean;
  codec?: string;
  width?: number;
  height?: number;
  frame_rate?: number;
  audio?: boolean;
  /** A data: URL of one picture. */
  picture?: string;
  reason?: string;
  fix?: string;
}

export interface EventBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface CameraEvent {
  id: string;
  camera: string;
  kind: string;
  phase: string;
  begin_us: number;
  end_us?: number;
  score: number;
  track?: number;
  zone?: string;
  box?: EventBox;
  picture?: string;
}

export interface EventPage {
  events: CameraEvent[];
  next_before_us?: number;
}

export interface EventQuery {
  camera?: string;
  kind?: string;
  from_us?: number;
  to_us?: number;
  before_us?: number;
  limit?: number;
}

export interface Segment {
  start_us: number;
  end_us: number;
}

export interface Gap {
  start_us: number;
  /** Missing while the gap goes on. */
  end_us?: number;
  cause: string;
  detail: string;
}

export interface Timeline {
  segments: Segment[];
  gaps: Gap[];
  events: CameraEvent[];
}

export interface Stage {
  name: string;
  camera?: string;
  rate_hz: number;
  lag_us: number;
  dropped: number;
  healthy: boolean;
  detail: string;
}

export interface Problem {
  what: string;
  where: string;
  fix: string;
}

export interface System {
  version: string;
  started_us: number;
  data_dir: string;
  disk: { total_bytes: number; free_bytes: number };
  stages: Stage[];
  problems: Problem[];
}
