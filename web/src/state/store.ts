/** Owns the one way in which shared data is kept: a value that pages follow, polled while someone looks. */
import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../api.ts";

/** What is known of a thing on the server; an old value stays beside a newer error. */
export interface Known<T> {
  value?: T;
  error?: string;
  /** Which answer this is: grows with each one. */
  turn: number;
}

/** A value fetched every `everyMs` while at least one page follows it and the tab is visible. */
export class Polled<T> {
  private known: Known<T> = { turn: 0 };
  private readonly followers = new Set<(known: Known<T>) => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking: AbortController | undefined;

  constructor(
    private readonly fetch: (signal: AbortSignal) => Promise<T>,
    private readonly everyMs: number,
  ) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.followers.size > 0) this.refresh();
    });
  }

  /** What is known now. */
  now(): Known<T> {
    return this.known;
  }

  /** Asks at once. */
  refresh(): void {
    clearTimeout(this.timer);
    this.asking?.abort();
    void this.ask();
  }

  /** Follows the value; the answer ends it. */
  follow(follower: (known: Known<T>) => void): () => void {
    this.followers.add(follower);
    if (this.followers.size === 1) this.refresh();
    return () => {
      this.followers.delete(follower);
      if (this.followers.size > 0) return;
      clearTimeout(this.timer);
      this.asking?.abort();
    };
  }

  private async ask(): Promise<void> {
    const asking = new AbortController();
    this.asking = asking;
    try {
      const value = await this.fetch(asking.signal);
      if (asking.signal.aborted) return;
      this.set({ value, turn: this.known.turn + 1 });
    } catch (thrown) {
      if (asking.signal.aborted) return;
      this.set({ ...this.known, error: messageOf(thrown), turn: this.known.turn + 1 });
    }
    if (this.followers.size > 0 && !document.hidden) {
      this.timer = setTimeout(() => void this.ask(), this.everyMs);
    }
  }

  private set(known: Known<T>): void {
    this.known = known;
    for (const follower of this.followers) follower(known);
  }
}

/** Follows a polled value in a component. */
export function usePolled<T>(polled: Polled<T>): Known<T> {
  const [known, setKnown] = useState(() => polled.now());
  useEffect(() => polled.follow(setKnown), [polled]);
  return known;
}
