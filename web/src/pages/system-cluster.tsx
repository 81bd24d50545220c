/** Owns the parts of the system page that show what lies outside this program: bus and engines. */
import { bytes, count, plural } from "../text/format.ts";
import { ago, exact, lag } from "../text/time.ts";
import { sentence } from "../text/words.ts";
import type { Bus, Engine, Job } from "../types.ts";

/** The bus: its servers, its logs and what waits for it. One inside this program needs no words. */
export function BusPart({ bus }: { bus: Bus }) {
  if (bus.kind === "embedded") return null;
  return (
    <section class="panel stages" aria-label="Bus">
      <h2>Kafka</h2>
      <div class="table" role="region" aria-label="Kafka, a table that scrolls" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Broker</th>
              <th scope="col">Address</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {bus.brokers.map((broker) => (
              <tr key={broker.address}>
                <th scope="row">{broker.id ?? "–"}</th>
                <td>{broker.address}</td>
                <State good={broker.up} words={broker.up ? "Up" : "Does not answer"} />
              </tr>
            ))}
            <tr>
              <th scope="row">All</th>
              <td>{waits(bus)}</td>
              <State good={bus.reachable} words={bus.reachable ? "Takes records" : sentence(bus.detail ?? "away")} />
            </tr>
          </tbody>
        </table>
        <table>
          <thead>
            <tr>
              <th scope="col">Topic</th>
              <th scope="col" class="number">Partitions</th>
              <th scope="col" class="number">Records kept</th>
              <th scope="col" class="number">Size</th>
              <th scope="col">Analysis</th>
            </tr>
          </thead>
          <tbody>
            {bus.topics.map((topic) => (
              <tr key={topic.name}>
                <th scope="row">{topic.name}</th>
                <td class="number">{topic.partitions}</td>
                <td class="number">{count(topic.records)}</td>
                <td class="number">{topic.bytes === undefined ? "–" : bytes(topic.bytes)}</td>
                <td>{topic.name === "flumen.video" ? analysis(bus) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function waits(bus: Bus): string {
  if (bus.spooled_records === 0) return "Nothing waits on this machine";
  const since = bus.spooled_since_us === undefined ? "" : `, the oldest from ${ago(bus.spooled_since_us)}`;
  return `${plural(bus.spooled_records, "record")} (${bytes(bus.spooled_bytes)}) ${bus.spooled_records === 1 ? "waits" : "wait"} on this machine${since}`;
}

function analysis(bus: Bus): string {
  const late = bus.analysis_lag_us === undefined ? "no result just now" : `${lag(bus.analysis_lag_us)} behind`;
  return bus.analysis_waiting === undefined ? late : `${late}, ${count(bus.analysis_waiting)} records wait`;
}

/** An engine that analyses: its machines, its jobs, their checkpoints. */
export function EnginePart({ engine }: { engine: Engine }) {
  return (
    <section class="panel stages" aria-label="Engine">
      <h2>
        Flink {engine.version} <a href={engine.address} rel="noreferrer">{engine.address}</a>
      </h2>
      <div class="table" role="region" aria-label="Flink, a table that scrolls" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">State</th>
              <th scope="col" class="number">Restarts</th>
              <th scope="col">Last checkpoint</th>
              <th scope="col" class="number">Failed checkpoints</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">
                {plural(engine.workers, "TaskManager")}, {engine.free_slots} of {plural(engine.slots, "slot")} free
              </th>
              <State good={engine.reachable} words={engine.reachable ? "Answers" : sentence(engine.detail ?? "it does not answer")} />
              <td class="number" />
              <td />
              <td class="number" />
            </tr>
            {engine.jobs.map((job) => (
              <JobRow key={job.id} job={job} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function JobRow({ job }: { job: Job }) {
  const last = job.last_checkpoint;
  const good = job.state === "RUNNING";
  return (
    <tr>
      <th scope="row">
        {job.name} <span class="quiet" title={`Since ${exact(job.started_us)}`}>{job.id.slice(0, 8)}</span>
      </th>
      <State good={good} words={`${sentence(job.state.toLowerCase())}${!good && job.failure !== undefined ? `: ${job.failure}` : ""}`} />
      <td class="number">{job.restarts === undefined ? "–" : count(job.restarts)}</td>
      <td>{last === undefined ? "None yet" : `${ago(last.at_us)}, ${bytes(last.bytes)} in ${lag(last.duration_us)}`}</td>
      <td class={job.failed_checkpoints > 0 ? "number warn-words" : "number"} title={job.last_failure}>
        {count(job.failed_checkpoints)}
      </td>
    </tr>
  );
}

function State({ good, words }: { good: boolean; words: string }) {
  return (
    <td>
      <span class={good ? "dot live" : "dot offline"} />
      <span class={good ? "stage-state quiet" : "stage-state"}>{words}</span>
    </td>
  );
}
