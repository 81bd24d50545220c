/** Owns the page of events of all cameras: pictures, filters, live arrival, a click plays the moment. */
import { useEffect, useState } from "preact/hooks";
import * as api from "../api.ts";
import { go } from "../router.ts";
import { merge, useArrivals } from "../state/arrivals.ts";
import { cameras as shared } from "../state/shared.ts";
import { usePolled } from "../state/store.ts";
import { day } from "../text/time.ts";
import type { CameraEvent } from "../types.ts";
import { useTitle } from "../ui/measure.ts";
import { Note, Skeleton } from "../ui/parts.tsx";
import { EventCard } from "./event-card.tsx";
import { matches, readFilter, toQuery, writeFilter, type Filter } from "./event-filter.ts";
import { EventFilterBar } from "./event-filter-bar.tsx";
import { Moment } from "./moment.tsx";

const PAGE = 60;

export function EventsPage({ query }: { query: URLSearchParams }) {
  useTitle("Events");
  const filter = readFilter(query);
  const { value: cameras } = usePolled(shared);
  const names = new Map((cameras ?? []).map((camera) => [camera.id, camera.name]));
  const zones = new Map((cameras ?? []).flatMap((camera) => camera.zones.map((zone) => [`${camera.id}/${zone.id}`, zone.name])));
  const list = useEvents(filter);
  const [open, setOpen] = useState<string>();
  const kinds = useKinds(list.events, filter.kind);
  const at = list.events?.findIndex((event) => event.id === open) ?? -1;
  const moment = list.events?.[at];
  return (
    <>
      <div class="bar">
        <h1 class="headline">Events</h1>
        <EventFilterBar
          filter={filter}
          cameras={cameras ?? []}
          kinds={kinds}
          onChange={(to) => go(`/events${writeFilter(to)}`, true)}
        />
      </div>
      <Content list={list} names={names} zones={zones} filtered={writeFilter(filter) !== ""} onOpen={setOpen} />
      {moment && (
        <Moment
          event={moment}
          name={names.get(moment.camera) ?? moment.camera}
          onClose={() => setOpen(undefined)}
          onEarlier={step(list.events, at + 1, setOpen)}
          onLater={step(list.events, at - 1, setOpen)}
        />
      )}
    </>
  );
}

function step(events: CameraEvent[] | undefined, at: number, open: (id: string) => void): (() => void) | undefined {
  const event = events?.[at];
  return event ? () => open(event.id) : undefined;
}

interface List {
  events: CameraEvent[] | undefined;
  failed: string | undefined;
  more: (() => void) | undefined;
  again: () => void;
}

interface ContentProps {
  list: List;
  names: Map<string, string>;
  zones: Map<string, string>;
  filtered: boolean;
  onOpen: (id: string) => void;
}

function Content({ list, names, zones, filtered, onOpen }: ContentProps) {
  if (list.failed !== undefined && !list.events) {
    return (
      <Note kind="bad" icon="warning" title="The events cannot be shown">
        <p>{list.failed}</p>
        <button type="button" class="button primary" onClick={list.again}>
          Try again
        </button>
      </Note>
    );
  }
  if (!list.events) {
    return (
      <div class="event-grid">
        <Skeleton count={12} kind="card" />
      </div>
    );
  }
  if (list.events.length === 0) {
    return filtered ? (
      <Note icon="search" title="No event fits">
        <p>Choose a longer time, another camera or all kinds.</p>
        <a class="button" href="/events">
          Show all events
        </a>
      </Note>
    ) : (
      <Note icon="events" title="No events yet">
        <p>When something moves before a camera, its picture appears here at once.</p>
        <a class="button" href="/">
          Watch the wall
        </a>
      </Note>
    );
  }
  return (
    <>
      {byDay(list.events).map(([name, events]) => (
        <section key={name} aria-label={name}>
          <h2 class="day">{name}</h2>
          <div class="event-grid">
            {events.map((event) => (
              <EventCard key={event.id} event={event} name={names.get(event.camera) ?? event.camera} zone={zones.get(`${event.camera}/${event.zone}`)} onOpen={() => onOpen(event.id)} />
            ))}
          </div>
        </section>
      ))}
      {list.failed !== undefined && <p class="bad-words">{list.failed}</p>}
      {list.more && (
        <button type="button" class="button wide" onClick={list.more}>
          Show earlier events
        </button>
      )}
    </>
  );
}

function byDay(events: readonly CameraEvent[]): [string, CameraEvent[]][] {
  const days = new Map<string, CameraEvent[]>();
  for (const event of events) {
    const name = day(event.begin_us);
    const list = days.get(name);
    if (list) list.push(event);
    else days.set(name, [event]);
  }
  return [...days];
}

/** Kinds seen so far, so that a filter does not empty its own list of choices. */
function useKinds(events: readonly CameraEvent[] | undefined, chosen: string | undefined): string[] {
  const [kinds, setKinds] = useState<string[]>([]);
  const seen = new Set([...kinds, ...(events ?? []).map((event) => event.kind), ...(chosen === undefined ? [] : [chosen])]);
  useEffect(() => {
    if (seen.size !== kinds.length) setKinds([...seen].sort());
  });
  return [...seen].sort();
}

/** The events that a filter lets through, page by page, and new ones as they come. */
function useEvents(filter: Filter): List {
  const key = writeFilter(filter);
  const [events, setEvents] = useState<CameraEvent[]>();
  const [before, setBefore] = useState<number>();
  const [failed, setFailed] = useState<string>();
  const [turn, setTurn] = useState(0);

  const load = async (beforeUs: number | undefined, signal?: AbortSignal): Promise<void> => {
    try {
      const page = await api.events({ ...toQuery(filter), limit: PAGE, ...(beforeUs === undefined ? {} : { before_us: beforeUs }) }, signal);
      setEvents((known) => page.events.reduce(merge, beforeUs === undefined ? [] : (known ?? [])));
      setBefore(page.next_before_us);
      setFailed(undefined);
    } catch (thrown) {
      if (!signal?.aborted) setFailed(api.messageOf(thrown));
    }
  };
  useEffect(() => {
    const stop = new AbortController();
    setEvents(undefined);
    void load(undefined, stop.signal);
    return () => stop.abort();
  }, [key, turn]);
  useArrivals((event) => {
    if (matches(filter, event)) setEvents((known) => (known ? merge(known, event) : known));
  });
  return {
    events,
    failed,
    more: before === undefined ? undefined : () => void load(before),
    again: () => setTurn(turn + 1),
  };
}
