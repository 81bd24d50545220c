/** Owns how a page of learning asks for one thing of the server, and again while it is looked at. */
import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../api.ts";

export interface Asked<T> {
  value: T | undefined;
  error: string | undefined;
  again: () => void;
}

/** Asks when `of` changes and every `everyMs`; an old value stays beside a newer error. */
export function useAsked<T>(fetch: (signal: AbortSignal) => Promise<T>, of: readonly unknown[], everyMs: number): Asked<T> {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<string>();
  const [turn, setTurn] = useState(0);
  useEffect(() => setValue(undefined), of);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const got = await fetch(stop.signal);
        setValue(got);
        setError(undefined);
      } catch (thrown) {
        if (!stop.signal.aborted) setError(messageOf(thrown));
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [...of, turn]);
  return { value, error, again: () => setTurn(turn + 1) };
}
