/** Owns the difference between this device's clock and the server's, so that latencies are true. */

let offsetUs = 0;
let doubtUs = Infinity;

/**
 * The server said `serverUs` between two moments of this device. The answer that came quickest
 * counts; an offset smaller than its doubt counts as none.
 */
export function noteServerClock(serverUs: number, askedUs: number, answeredUs: number): void {
  const doubt = (answeredUs - askedUs) / 2;
  if (doubt < 0 || doubt > doubtUs * 1.05) return;
  const offset = serverUs - (askedUs + answeredUs) / 2;
  doubtUs = doubt;
  offsetUs = Math.abs(offset) <= doubt ? 0 : offset;
}

/** The server's time now, as well as it is known. */
export function serverNowUs(): number {
  return Date.now() * 1000 + offsetUs;
}
