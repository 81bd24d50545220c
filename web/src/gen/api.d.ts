/** Owns the shapes of the API as the server describes them. Made by tools/types.mjs; do not edit. */

/** Which version of a model counts, as a person said. */
export interface Active {
  /** Who said it: `api`, or `measure`. */
  by: string;
  /** Arrival time from which it counts. */
  effective_us: number;
  /** Kind of model. */
  kind: string;
  /** Why. */
  reason: string;
  /** A camera, or `group:` and a group's name. */
  scope: string;
  /** Scored beside; 0 = none. */
  shadow: number;
  /** 0 = always the newest. */
  version: number;
  /** The version beside counts as soon as it is found to be better; then the newest is beside. */
  when_better: boolean;
}

/** What is to count. */
export interface ActiveInput {
  /** Why, for people; at most 500 bytes. */
  reason?: string;
  /** Version that is scored beside; 0 = none. */
  shadow?: number;
  /** Version that counts; 0 = always the newest. */
  version?: number;
  /** The version beside counts as soon as a day and more of it finds as much with fewer false anomalies; then, or after a week, the newest is beside. Version 0 is then the one in force, shadow 0 always the newest. */
  when_better?: boolean;
}

/** One hour of a forecast. */
export interface Ahead {
  /** UTC. */
  begin_us: number;
  /** What came; absent of hours to come. */
  came?: number;
  /** UTC. */
  end_us: number;
  /** And below. */
  high: number;
  /** 90 % lie above. */
  low: number;
  /** Expected. */
  value: number;
}

/** A server of the bus. */
export interface BrokerReport {
  /** Host and port. */
  address: string;
  /** Its number; absent while only its address is known. */
  id?: number;
  /** It answers. */
  up: boolean;
}

/** The bus. */
export interface BusReport {
  /** From a picture's arrival to its result here; absent while none comes. */
  analysis_lag_us?: number;
  /** Records of video that have no result yet; absent while no result was seen. */
  analysis_waiting?: number;
  /** Its servers; none when it is in this program. */
  brokers: BrokerReport[];
  /** What is wrong with it. */
  detail?: string;
  /** Records that a full disk dropped since the start. */
  dropped: number;
  /** `embedded` or `kafka`. */
  kind: string;
  /** Records can be made durable now. */
  reachable: boolean;
  /** Bytes of them. */
  spooled_bytes: number;
  /** Records that wait on this machine's disk to be sent. */
  spooled_records: number;
  /** Arrival of the oldest of them. */
  spooled_since_us?: number;
  /** Its logs, once they were looked at. */
  topics: TopicReport[];
}

/** A camera: what its owner wants and how it is. */
export interface Camera {
  /** It has sound. */
  audio: boolean;
  /** Measured bits a second. */
  bit_rate_bps?: number;
  /** How far that time may be off. */
  capture_error_us?: number;
  /** By which clock the newest picture's time is told. */
  capture_source?: CaptureSource;
  /** Of the main stream. */
  codec?: Codec;
  /** Share of the last 24 hours, or of the time since the first recording when that is shorter, that is recorded, 0 to 1. */
  coverage_24h?: number;
  /** Access units thrown away. */
  dropped: number;
  /** It shall run. */
  enabled: boolean;
  /** Measured pictures a second. */
  frame_rate?: number;
  /** Group it is learned with. */
  group: string;
  /** Of the main stream, in pixels. */
  height?: number;
  /** 1 to 63 of a-z, 0-9 and '-'. */
  id: string;
  /** Arrival of the newest access unit. */
  last_unit_us?: number;
  /** For people; text, never markup. */
  name: string;
  /** How it is analysed and kept. */
  policy: Policy;
  /** Why, when it is not live. */
  reason?: string;
  /** Connections after the first. */
  reconnects: number;
  /** What is told of it; none = all that moves. */
  rules: Rule[];
  /** Since when it is so. */
  since_us: number;
  /** One or two addresses. */
  sources: Source[];
  /** How it is. */
  state: State;
  /** IANA name. */
  time_zone: string;
  /** Counts the versions from 1. */
  version: number;
  /** Of the main stream, in pixels. */
  width?: number;
  /** Places in the picture that rules speak of. */
  zones: Zone[];
}

/** A camera as somebody wants it. */
export interface CameraInput {
  /** Absent = true, on PUT as before. */
  enabled?: boolean;
  /** Group it is learned with: 1 to 63 of a-z, 0-9 and '-'; absent = `site`, on PUT as before. */
  group?: string;
  /** 1 to 63 of a-z, 0-9 and '-'; on PUT it may be left out. */
  id?: string;
  /** Up to 100 characters; absent = the id, on PUT as before. */
  name?: string;
  /** Absent = defaults, on PUT as before. */
  policy?: Policy;
  /** Absent = none, on PUT as before. */
  rules?: Rule[];
  /** One main, at most one sub. */
  sources: SourceInput[];
  /** IANA name; absent = UTC, on PUT as before. */
  time_zone?: string;
  /** The version that was edited: refused with 409 when it is no longer the newest. */
  version?: number;
  /** Absent = none, on PUT as before. */
  zones?: Zone[];
}

/** All cameras. */
export interface CameraList {
  /** In the order of their ids. */
  cameras: Camera[];
}

/** Zones and rules of a camera. */
export interface CameraRules {
  /** At most 32; none = all that moves is told. */
  rules: Rule[];
  /** The version that was edited: refused with 409 when it is no longer the newest. */
  version?: number;
  /** At most 32. */
  zones: Zone[];
}

/** By which clock it is known when a picture was taken. */
export type CaptureSource = "rtcp" | "camera" | "arrival";

/** A checkpoint. */
export interface CheckpointReport {
  /** When it was begun. */
  at_us: number;
  /** Bytes of state. */
  bytes: number;
  /** How long it took. */
  duration_us: number;
  /** Counts from 1. */
  id: number;
}

/** Text from the client on `/api/v1/cameras/{id}/live`. */
export type ClientMessage = {
  /** By MIME type. */
  mimes: Record<string, boolean>;
  type: "supports";
};

/** Codec of a video stream. */
export type Codec = "h264" | "h265" | "mjpeg";

/** A corner of a privacy mask or zone, in 1/1000 of the picture's width and height. */
export interface Corner {
  /** From the left, 0 to 1000. */
  x: number;
  /** From the top, 0 to 1000. */
  y: number;
}

/** Reduced key pictures. */
export interface DerivedPictures {
  /** Least media time from one to the next, at most a day; 0 = each key picture. */
  every_us?: number;
  /** JPEG quality 1 to 100; 0 = 80. */
  quality?: number;
  /** Largest width, at most 4096; 0 = 640. */
  width?: number;
}

/** A way over a line. */
export type Direction = "both" | "a_to_b" | "b_to_a";

/** A disk. */
export interface Disk {
  /** Free for this program. */
  free_bytes: number;
  /** Size. */
  total_bytes: number;
}

/** An engine that analyses. */
export interface EngineReport {
  /** Where it is asked; for a person also its own page. */
  address: string;
  /** Why not. */
  detail?: string;
  /** Places that are free. */
  free_slots: number;
  /** When it answered last. */
  heard_us?: number;
  /** What runs on it, and what ran last. */
  jobs: JobReport[];
  /** `flink`. */
  kind: string;
  /** It answered when it was asked last. */
  reachable: boolean;
  /** Places for work. */
  slots: number;
  /** Its version. */
  version: string;
  /** Machines that work for it. */
  workers: number;
}

/** Something happened. */
export interface Event {
  /** Capture time of its first picture. */
  begin_us: number;
  /** Where in the picture. */
  box?: EventBox;
  /** Camera. */
  camera: string;
  /** What there is to say besides, for a person: `A to B`, `12.4 s`, `5 things`. */
  detail?: string;
  /** Capture time of its last picture; absent while it goes on. */
  end_us?: number;
  /** 32 hexadecimal digits. */
  id: string;
  /** `motion`, `enter`, `leave`, `cross`, `dwell`, `loiter`, `crowd`, `wrong-way`, `left`, `taken`, `tamper`, ... */
  kind: string;
  /** Of an anomaly: expected against seen, by dimension. */
  oddities?: Oddity[];
  /** Where it stands. */
  phase: Phase;
  /** URL of its picture. */
  picture?: string;
  /** The rule that told it; absent = none of a person's. */
  rule?: string;
  /** 0 to 1000. */
  score: number;
  /** The track it belongs to; 0 = none. */
  track: number;
  /** What a person said of an anomaly; in lists. */
  verdict?: Verdict;
  /** The zone it happened in. */
  zone?: string;
}

/** A place in the picture, in pixels of the source; origin top left. */
export interface EventBox {
  /** Height. */
  height: number;
  /** x of the left edge. */
  left: number;
  /** y of the top edge. */
  top: number;
  /** Width. */
  width: number;
}

/** Some events. */
export interface EventList {
  /** Newest first. */
  events: Event[];
  /** There are older ones: ask again with `before_us` of this. */
  next_before_us?: number;
}

/** Whether a version beside is better. */
export type Finding = "too-early" | "better" | "not-better";

/** What is expected to come. */
export interface Forecast {
  /** Camera. */
  camera: string;
  /** What is counted: `entries`. */
  dimension: string;
  /** Past hours with what came, then hours to come. */
  hours: Ahead[];
  /** The hour it was made in began then. */
  made_us: number;
  /** How good it was. */
  measures: ModelMeasure[];
  /** In a sentence. */
  text: string;
}

/** A span that is not covered. */
export interface GapSpan {
  /** `offline`, `network`, `decoder`, `shed`, `disk`, `expired`, `backfilled` or `unknown`. */
  cause: string;
  /** What happened. */
  detail: string;
  /** UTC; absent while it lasts. */
  end_us?: number;
  /** UTC. */
  start_us: number;
}

/** Which frames are decoded while nothing happens. */
export type Gate = "exact" | "balanced" | "thrifty";

/** A direction in the picture. */
export type Heading = "right" | "down-right" | "down" | "down-left" | "left" | "up-left" | "up" | "up-right";

/** What learning found. */
export interface Insight {
  /** Hours of a forecast. */
  ahead: Ahead[];
  /** UTC. */
  begin_us: number;
  /** Camera. */
  camera: string;
  /** Of an anomaly the leading dimension. */
  dimension: string;
  /** UTC; absent while it goes on. */
  end_us?: number;
  /** 32 hexadecimal digits. */
  id: string;
  /** What it is. */
  kind: InsightKind;
  /** Of the model that found it. */
  model_version: number;
  /** Expected against seen, of an anomaly. */
  oddities: Oddity[];
  /** Where it stands. */
  phase: Phase;
  /** Places of a path. */
  places: number[];
  /** Grows with each change. */
  revision: number;
  /** How usual a path is. */
  support: number;
  /** For a person. */
  text: string;
  /** Program that found it. */
  trainer: string;
  /** What a person said of it. */
  verdict?: Verdict;
}

/** What an insight is. */
export type InsightKind = "anomaly" | "pattern" | "forecast" | "health" | "shadow";

/** Some insights. */
export interface InsightList {
  /** Newest first. */
  insights: Insight[];
  /** There are older ones: ask again with `before_us` of this. */
  next_before_us?: number;
}

/** A job of an engine. */
export interface JobReport {
  /** Checkpoints that are complete. */
  checkpoints: number;
  /** Checkpoints that failed. */
  failed_checkpoints: number;
  /** Why it failed last. */
  failure?: string;
  /** The engine's own name of it. */
  id: string;
  /** The newest that is complete. */
  last_checkpoint?: CheckpointReport;
  /** Why it did. */
  last_failure?: string;
  /** When one failed last. */
  last_failure_us?: number;
  /** For a person. */
  name: string;
  /** Restarts after a failure. */
  restarts?: number;
  /** When it began. */
  started_us: number;
  /** `RUNNING`, `RESTARTING`, `FAILED` ... */
  state: string;
}

/** One box of one picture, in pixels of the analysed stream. */
export interface LiveBox {
  /** Height. */
  height: number;
  /** x of the left edge. */
  left: number;
  /** 0 to 1000. */
  score: number;
  /** y of the top edge. */
  top: number;
  /** The track. */
  track: number;
  /** Width. */
  width: number;
}

/** Text from the server on `/api/v1/cameras/{id}/live`. Binary messages begin with one byte: 0 = init segment, 1 = media fragment, 2 = JPEG with its `pts_us` as 8 bytes, most significant first, before it. */
export type LiveMessage = {
  /** `pts_us` of media time 0: mediaTime * 1e6 + base_us = pts_us. Stays the same while the socket lives unless the camera's time went back. */
  base_us: number;
  /** Epoch of the pictures. */
  epoch: number;
  /** Pixels. */
  height: number;
  /** For `addSourceBuffer` and `changeType`; only with `mse`. */
  mime?: string;
  /** How pictures are carried. */
  mode: Mode;
  /** Why it is not `mse`. */
  reason?: string;
  type: "init";
  /** Pixels. */
  width: number;
} | {
  /** The boxes. */
  boxes: LiveBox[];
  /** Epoch of the picture. */
  epoch: number;
  /** Size that the boxes are measured in. */
  height: number;
  /** Share of the picture that moves, in 1/10000. */
  motion_permyriad: number;
  /** Media time of the picture. */
  pts_us: number;
  type: "boxes";
  /** Size that the boxes are measured in. */
  width: number;
} | {
  /** What comes late, and why; absent while all is in time. */
  late?: string;
  /** Why. */
  reason?: string;
  /** How it is. */
  state: State;
  type: "state";
} | {
  /** Why. */
  reason: string;
  type: "skip";
};

/** How live pictures are carried. */
export type Mode = "mse" | "mjpeg" | "stills";

/** One version of a model. */
export interface Model {
  /** Cameras it knows. */
  cameras: string[];
  /** Arrival time from which it counts. */
  effective_us: number;
  /** It learned from this time on. */
  from_us: number;
  /** `profile`, `kmeans`, `gaussian-mixture`, `appearance`, `forecast` or `patterns`. */
  kind: string;
  /** Which training it comes from. */
  lineage: string;
  /** How good it was. */
  measures: ModelMeasure[];
  /** Minutes it learned from; 0 where it learns from windows. */
  minutes: number;
  /** The version before; 0 = none. */
  parent: number;
  /** A person said that this version counts. */
  pinned: boolean;
  /** Of features and scores. */
  schema: number;
  /** A camera, or `group:` and a group's name. */
  scope: string;
  /** How it counts. */
  state: ModelState;
  /** It learned up to this time. */
  to_us: number;
  /** Program that trained it. */
  trainer: string;
  /** The last minute it was trained on, since 1970. */
  version: number;
  /** Good windows it learned from. */
  windows: number;
}

/** Two versions side by side. */
export interface ModelComparison {
  /** The first. */
  a: Model;
  /** The second. */
  b: Model;
  /** Windows, minutes, measures and thresholds, side by side. */
  differences: ModelDifference[];
}

/** One version with what it holds for normal. */
export interface ModelDetail {
  /** The version. */
  model: Model;
  /** By camera. */
  normals: ModelNormal[];
}

/** One number of two versions. */
export interface ModelDifference {
  /** In the first version; absent where it has none. */
  a?: number;
  /** In the second. */
  b?: number;
  /** What: a measure, or a camera and its threshold. */
  name: string;
}

/** All models. */
export interface ModelList {
  /** What persons said. */
  active: Active[];
  /** By scope and kind, the newest version first. */
  models: Model[];
}

/** How good a model was. */
export interface ModelMeasure {
  /** `false-a-day`, `mae-1h`, `coverage`, ... */
  name: string;
  /** Its value. */
  value: number;
}

/** What a model holds for normal of one camera. */
export interface ModelNormal {
  /** Camera. */
  camera: string;
  /** Standard deviation of each feature. */
  deviation: number[];
  /** Mean of each feature; empty where the kind has none. */
  mean: number[];
  /** Minutes learned. */
  minutes: number;
  /** Above these it is odd; none before two days. */
  thresholds: ModelThreshold[];
}

/** How a version of a model counts. */
export type ModelState = "in-force" | "shadow" | "older" | "waiting";

/** Above it a dimension's score is odd. */
export interface ModelThreshold {
  /** `time`, `place`, `way`, ... */
  dimension: string;
  /** Of a score. */
  score: number;
}

/** What is normal on a camera. */
export interface Normal {
  /** Camera. */
  camera: string;
  /** By part of the picture, 6 rows of 8: share of the minutes with movement that have it there. */
  cells: number[];
  /** Numbers at once by hour of the day. */
  crowd: UsualCrowd[];
  /** Longest stay of a minute: shares below 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120 seconds, and above. */
  dwell: number[];
  /** It learned from this time on. */
  from_us: number;
  /** Share of the minutes in which something is in sight, Monday 0:00 local time first; null where nothing was seen yet. */
  hour_active: number[];
  /** Minutes learned. */
  minutes: number;
  /** Usual paths; none before they are learned. */
  paths: UsualPath[];
  /** Above these a score is odd; none before two days. */
  thresholds: ModelThreshold[];
  /** It learned up to this time. */
  to_us: number;
  /** Program that trained it. */
  trainer: string;
  /** Of the profile. */
  version: number;
  /** Ways that are taken, the most usual first. */
  ways: UsualWay[];
}

/** One dimension in which something is not as usual. */
export interface Oddity {
  /** `time`, `place`, `way`, `crowd`, `dwell`, `absence`, `look`, `cluster` or `density`. */
  dimension: string;
  /** What was expected. */
  expected: number;
  /** Of the model. */
  kind: string;
  /** How odd. */
  score: number;
  /** What was seen. */
  seen: number;
  /** For a person. */
  text: string;
  /** From where on it is odd. */
  threshold: number;
  /** Of the model. */
  version: number;
}

/** Where an event stands. */
export type Phase = "begin" | "update" | "end";

/** How a camera is analysed and kept. */
export interface Policy {
  /** Key pictures that go out on `flumen.pictures` by themselves; absent = none. */
  derived?: DerivedPictures;
  /** Which frames are decoded while nothing happens; the picture is analysed later by at most a group of pictures then, and visits shorter than that may be missed. */
  gate?: Gate;
  /** Bytes the archive keeps of it; absent = no limit of its own. */
  keep_bytes?: number;
  /** Days the archive keeps it; absent = the site's default. */
  keep_days?: number;
  /** Areas that are filled in every picture that goes out, at most 16; each a polygon. */
  masks?: Corner[][];
  /** Smallest object in 1/1000 of the picture's area; 0 = default. */
  min_object_permille?: number;
  /** 0 to 100; higher is shed later when the machine is too slow. */
  priority?: number;
  /** 1 to 100; 0 = default. */
  sensitivity?: number;
}

/** What an address gave, or why it gave nothing. */
export interface ProbeAnswer {
  /** It has sound. */
  audio?: boolean;
  /** Codec of the video. */
  codec?: Codec;
  /** What to do. */
  fix?: string;
  /** Pictures a second. */
  frame_rate?: number;
  /** Height in pixels. */
  height?: number;
  /** A picture came. */
  ok: boolean;
  /** A `data:` URL of a JPEG. */
  picture?: string;
  /** Why nothing came. */
  reason?: string;
  /** Width in pixels. */
  width?: number;
}

/** An address to try. */
export interface ProbeInput {
  /** As in a source. */
  address: string;
  /** Password, if any. */
  password?: string;
  /** Absent = tcp. */
  transport?: Transport;
  /** User name, if any. */
  username?: string;
}

/** What went wrong, for a person and a program. */
export interface ProblemDocument {
  /** What happened here, where, and what to do. */
  detail: string;
  /** The HTTP status. */
  status: number;
  /** The kind in words. */
  title: string;
  /** `urn:flumen:` and the kind: `invalid`, `not-found`, `unsupported`, `unavailable`, `exhausted`, `data-loss`, `cancelled`, `internal`, or a word of HTTP's own. */
  type: string;
}

/** Something is wrong. */
export interface ProblemReport {
  /** What to do. */
  fix: string;
  /** What. */
  what: string;
  /** Where. */
  where: string;
}

/** Text from the server on `/api/v1/push/{camera}`. */
export type PushAnswer = {
  /** The client's own count. */
  sequence: number;
  type: "ack";
} | {
  /** What, where, what to do. */
  detail: string;
  /** As in problem documents, without the prefix. */
  kind: string;
  type: "error";
};

/** What there is of a camera between two times. */
export interface RecordingTimeline {
  /** The newest 1000 events of the span, newest first. */
  events: Event[];
  /** Missing, in order, with the reason. */
  gaps: GapSpan[];
  /** Recorded and stored, in order, but not yet in a file: it plays a minute later. */
  pending: Span[];
  /** Recorded, in order. */
  segments: Span[];
}

/** What is to be told of a camera. */
export interface Rule {
  /** 2 to 64; absent = the kind's default. */
  count?: number;
  /** Of a line: which crossings are told, or, of a wrong way, which are allowed. */
  direction: Direction;
  /** It is in force; absent = true. */
  enabled: boolean;
  /** Of a wrong way through an area: where things are to go. */
  heading?: Heading;
  /** 1 to 63 of a-z, 0-9 and '-'; stands in events. */
  id: string;
  /** What it looks for. */
  kind: RuleKind;
  /** Its events are sent to webhooks, too; absent = true. */
  notify: boolean;
  /** 1 to 86400; absent = the kind's default. */
  seconds?: number;
  /** A zone's id; absent = the whole picture, where the kind allows that. */
  zone?: string;
}

/** What a rule looks for. */
export type RuleKind = "motion" | "enter" | "leave" | "cross" | "dwell" | "loiter" | "crowd" | "wrong-way" | "left" | "taken" | "tamper" | "anomaly";

/** One address of a camera. */
export interface Source {
  /** Without user name and password. */
  address: string;
  /** It is analysed. */
  analyse: boolean;
  /** A password is stored. */
  has_password: boolean;
  /** It is shown live. */
  live: boolean;
  /** A file is played once instead of in a loop. */
  once: boolean;
  /** It is recorded. */
  record: boolean;
  /** Which stream comes from there. */
  stream: Stream;
  /** How RTSP carries its packets. */
  transport: Transport;
  /** User name, if any. */
  username?: string;
}

/** One address as somebody wants it. */
export interface SourceInput {
  /** `rtsp://`, `rtsps://`, `http://`, `https://`, `srt://`, `rtmp://`, `rtmps://`, `file:`, `synthetic:` or `push:`. */
  address: string;
  /** Absent = true for main, false for sub. */
  analyse?: boolean;
  /** Absent = true. */
  live?: boolean;
  /** Absent = false. */
  once?: boolean;
  /** Never returned. On PUT: absent = the stored one, empty = none. */
  password?: string;
  /** Absent = true for main, false for sub. */
  record?: boolean;
  /** Absent = main. */
  stream?: Stream;
  /** Absent = tcp. */
  transport?: Transport;
  /** User name, if any. */
  username?: string;
}

/** A recorded span. */
export interface Span {
  /** UTC. */
  end_us: number;
  /** UTC. */
  start_us: number;
}

/** One worker. */
export interface StageReport {
  /** The camera it works on. */
  camera?: string;
  /** More. */
  detail: string;
  /** Units left out. */
  dropped: number;
  /** It does what it should. */
  healthy: boolean;
  /** How far it is behind; absent when nothing was measured. */
  lag_us?: number;
  /** `ingest`, `analysis`, `archive`, `live` ... */
  name: string;
  /** Units a second; absent when nothing was measured. */
  rate_hz?: number;
}

/** How a camera is now. */
export type State = "live" | "connecting" | "offline" | "disabled" | "ended";

/** Which of a camera's video streams. */
export type Stream = "main" | "sub";

/** How the whole is. */
export interface System {
  /** What carries everything from worker to worker. */
  bus: BusReport;
  /** Where its data lies. */
  data_dir: string;
  /** The disk under it; absent when it can't be told. */
  disk?: Disk;
  /** Who analyses, when it is not this program itself. */
  engines: EngineReport[];
  /** The host's clock now. */
  now_us: number;
  /** What is wrong; empty when all is well. */
  problems: ProblemReport[];
  /** The workers. */
  stages: StageReport[];
  /** When it began. */
  started_us: number;
  /** Of this program. */
  version: string;
}

/** What one of two versions would have told. */
export interface Told {
  /** Anomalies. */
  anomalies: number;
  /** Of those that a person said to be one. */
  found: number;
  /** Those that no person said to be one. */
  unconfirmed: number;
}

/** A log of the bus. */
export interface TopicReport {
  /** Their bytes; absent when it is not known. */
  bytes?: number;
  /** Its name. */
  name: string;
  /** Partitions. */
  partitions: number;
  /** Records that it keeps now. */
  records: number;
}

/** How RTSP carries its packets. */
export type Transport = "tcp" | "udp";

/** A version beside the one that counts, on the same minutes. */
export interface Trial {
  /** What it would have told. */
  beside: Told;
  /** Cameras that it scores. */
  cameras: number;
  /** Spans in it that a person said to be an anomaly. */
  confirmed: number;
  /** Whether it is better. */
  finding: Finding;
  /** What the version that counts told of the same minutes by this kind of model. */
  in_force: Told;
  /** Scored minutes of all of them, of ended hours. */
  minutes: number;
  /** It is scored from here on, UTC. */
  since_us: number;
  /** The version beside. */
  version: number;
}

/** Numbers at once by hour of the day. */
export interface UsualCrowd {
  /** 0 to 23, local time. */
  hour: number;
  /** Shares of the minutes with 0, 1, 2, 3, 4 to 5, 6 to 8, 9 to 15, 16 and more things. */
  shares: number[];
}

/** A usual path through the picture. */
export interface UsualPath {
  /** Places in their order, 0 to 11. */
  places: number[];
  /** Share of the visits that go so. */
  support: number;
}

/** How often a way is taken. */
export interface UsualWay {
  /** 0 to 7: 0 = to the right, 2 = down, 4 = to the left. */
  heading: number;
  /** 0 to 11: 4 columns, 3 rows, rows first. */
  place: number;
  /** Of the minutes with movement. */
  share: number;
}

/** What a person said of an anomaly. */
export type Verdict = "anomaly" | "normal";

/** A verdict on an event or insight. */
export interface VerdictInput {
  /** The span it is about. */
  begin_us: number;
  /** Dimensions it is about; none = all that were odd. */
  dimensions?: string[];
  /** Its end; absent = a minute. */
  end_us?: number;
  /** What it is. */
  verdict: Verdict;
}

/** A place in the picture that rules speak of. */
export interface Zone {
  /** 3 to 64 of an area, 2 to 64 of a line. */
  corners: Corner[];
  /** 1 to 63 of a-z, 0-9 and '-'; stands in events. */
  id: string;
  /** For people; text, never markup; empty = the id. */
  name: string;
  /** Absent = area. */
  shape: ZoneShape;
}

/** What a person drew. */
export type ZoneShape = "area" | "line";
