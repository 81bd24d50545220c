/** Owns how moments and spans are written for people: local time, short first, exact on demand. */

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A moment now, in microseconds since 1970 UTC. */
export function nowUs(): number {
  return Date.now() * 1000;
}

/** The start of the local day that holds `us`. */
export function dayStart(us: number): number {
  const date = new Date(us / 1000);
  date.setHours(0, 0, 0, 0);
  return date.getTime() * 1000;
}

/** The local day `days` after the one that starts at `startUs`; right over clock changes. */
export function addDays(startUs: number, days: number): number {
  const date = new Date(startUs / 1000);
  date.setDate(date.getDate() + days);
  return date.getTime() * 1000;
}

/** Hours, minutes and seconds of a moment: `14:03:09`. */
export function clock(us: number, seconds = true): string {
  const date = new Date(us / 1000);
  const parts = [date.getHours(), date.getMinutes()];
  if (seconds) parts.push(date.getSeconds());
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** The day of a moment in words: `Today`, `Yesterday` or `Mon 3 Mar`. */
export function day(us: number, now = nowUs()): string {
  const start = dayStart(us);
  if (start === dayStart(now)) return "Today";
  if (start === addDays(dayStart(now), -1)) return "Yesterday";
  const date = new Date(us / 1000);
  const sameYear = date.getFullYear() === new Date(now / 1000).getFullYear();
  return date.toLocaleDateString(undefined, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  });
}

/** A moment as people say it: the clock today, otherwise with its day. */
export function moment(us: number, now = nowUs()): string {
  const name = day(us, now);
  return name === "Today" ? clock(us) : `${name} ${clock(us, false)}`;
}

/** A moment to the millisecond with its offset from UTC, for titles. */
export function exact(us: number): string {
  const date = new Date(us / 1000);
  const pad = (value: number, length = 2) => String(value).padStart(length, "0");
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? "-" : "+";
  const zone = `${sign}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  return (
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
    `${clock(us)}.${pad(date.getMilliseconds(), 3)} (UTC${zone})`
  );
}

/** How long ago a moment was: `just now`, `40 s ago`, `3 min ago`, `5 h ago`, `2 d ago`. */
export function ago(us: number, now = nowUs()): string {
  const past = now - us;
  if (past < 5 * SECOND) return "just now";
  if (past < MINUTE) return `${Math.floor(past / SECOND)} s ago`;
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < 2 * DAY) return `${Math.floor(past / HOUR)} h ago`;
  return `${Math.floor(past / DAY)} d ago`;
}

/** A span: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 04 min`, `3 d 2 h`. */
export function span(us: number): string {
  const length = Math.max(0, us);
  if (length < SECOND) return `${(length / SECOND).toFixed(1)} s`;
  const seconds = Math.round(length / SECOND);
  const two = (value: number) => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) {
    const rest = seconds % 60;
    return rest === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${two(rest)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 48 * 60) {
    const rest = minutes % 60;
    return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${two(rest)} min`;
  }
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** A short lag: `38 ms`, `1.2 s`, and longer ones as `span`. */
export function lag(us: number): string {
  if (us < SECOND) return `${Math.max(0, Math.round(us / 1000))} ms`;
  if (us < 10 * SECOND) return `${(us / SECOND).toFixed(1)} s`;
  return span(us);
}

/** The value for an `<input type=datetime-local>`, local, to the minute. */
export function toInput(us: number): string {
  const date = new Date(us / 1000);
  const pad = (value: number) => String(value).padStart(2, "0");
  return (
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}` +
    `T${pad(date.getHours())}:${pad(date.getMinutes())}`
  );
}

/** The moment of an `<input type=datetime-local>`; nothing when it is empty or wrong. */
export function fromInput(value: string): number | undefined {
  const time = new Date(value).getTime();
  return value === "" || Number.isNaN(time) ? undefined : time * 1000;
}
