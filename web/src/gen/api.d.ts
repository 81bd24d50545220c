/** Owns the shapes of the API as the server describes them. Made by tools/types.mjs; do not edit. */

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
export type RuleKind = "motion" | "enter" | "leave" | "cross" | "dwell" | "loiter" | "crowd" | "wrong-way" | "left" | "taken" | "tamper";

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
