/** Owns the system page: what is wrong first, then how each stage runs, disk and version. */
import { system as shared } from "../state/shared.ts";
import { usePolled } from "../state/store.ts";
import { bytes, count, percent, plural, rate } from "../text/format.ts";
import { exact, lag, span } from "../text/time.ts";
import { sentence, title } from "../text/words.ts";
import type { Problem, Stage, System } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { useTitle } from "../ui/measure.ts";
import { Note, Skeleton, Stale } from "../ui/parts.tsx";
import { BusPart, EnginePart } from "./system-cluster.tsx";

export function SystemPage() {
  useTitle("System");
  const { value, error } = usePolled(shared);
  if (!value) {
    return error === undefined ? (
      <div class="system-page">
        <Skeleton count={6} kind="row" />
      </div>
    ) : (
      <Note kind="bad" icon="warning" title="The server cannot be reached">
        <p>{error}</p>
        <p>
          Start it with <code>flumen run</code> on the machine that holds the recordings.
        </p>
        <button type="button" class="button primary" onClick={() => shared.refresh()}>
          Try again
        </button>
      </Note>
    );
  }
  return (
    <div class="system-page">
      <Stale error={error} retry={() => shared.refresh()} />
      <div class="bar">
        <h1 class="headline">System</h1>
      </div>
      <div class="system-parts">
        <Problems list={value.problems} />
        <Figures system={value} />
        <Stages list={value.stages} />
        <BusPart bus={value.bus} />
        {value.engines.map((engine) => (
          <EnginePart key={engine.address} engine={engine} />
        ))}
      </div>
    </div>
  );
}

function Problems({ list }: { list: Problem[] }) {
  if (list.length === 0) {
    return (
      <section class="panel well" role="status">
        <Icon name="check" size={22} />
        <div>
          <h2>All is well</h2>
          <p class="quiet">Every camera that is turned on is recorded, and every stage keeps up.</p>
        </div>
      </section>
    );
  }
  return (
    <section class="panel problems" aria-label="What is wrong">
      <h2>{plural(list.length, "problem")}</h2>
      <ul>
        {list.map((problem) => (
          <li key={`${problem.where} ${problem.what}`}>
            <Icon name="warning" size={20} />
            <div>
              <p>
                <strong>{sentence(problem.what)}</strong>
                {problem.where !== "" && <span class="tag">{problem.where}</span>}
              </p>
              <p class="quiet">{sentence(problem.fix)}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Figures({ system }: { system: System }) {
  return (
    <section class="figures" aria-label="Figures">
      <div class="panel figure">
        <h2>Disk</h2>
        {system.disk ? <DiskFigure disk={system.disk} /> : <p class="quiet">Its size cannot be told.</p>}
        <p class="quiet path" title={system.data_dir}>
          {system.data_dir}
        </p>
      </div>
      <div class="panel figure">
        <h2>Running</h2>
        <p class="big" title={`Since ${exact(system.started_us)}`}>
          {span(system.now_us - system.started_us)}
        </p>
        <p class="quiet">Flumen {system.version}</p>
      </div>
    </section>
  );
}

function DiskFigure({ disk }: { disk: NonNullable<System["disk"]> }) {
  const used = disk.total_bytes > 0 ? 1 - disk.free_bytes / disk.total_bytes : 0;
  const kind = used > 0.95 ? "meter bad" : used > 0.85 ? "meter warn" : "meter";
  return (
    <>
      <p class="big">{bytes(disk.free_bytes)} free</p>
      <div class={kind} role="meter" aria-label="Disk used" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(used * 100)}>
        <div style={{ width: `${used * 100}%` }} />
      </div>
      <p class="quiet">
        {percent(used)} of {bytes(disk.total_bytes)} used
      </p>
    </>
  );
}

function Stages({ list }: { list: Stage[] }) {
  if (list.length === 0) return null;
  const names = [...new Set(list.map((stage) => stage.name))];
  return (
    <section class="panel stages" aria-label="Stages">
      <h2>Stages</h2>
      <div class="table" role="region" aria-label="Stages, a table that scrolls" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" class="number">Rate</th>
              <th scope="col" class="number">Lag</th>
              <th scope="col" class="number">Dropped</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          {names.map((name) => (
            <tbody key={name}>
              {list
                .filter((stage) => stage.name === name)
                .map((stage, at) => (
                  <Row key={`${stage.camera ?? ""} ${at}`} stage={stage} />
                ))}
            </tbody>
          ))}
        </table>
      </div>
    </section>
  );
}

/** Instead of a figure that nobody measured. */
function Unmeasured() {
  return <span class="quiet">– no data</span>;
}

function Row({ stage }: { stage: Stage }) {
  const late = !stage.healthy && (stage.lag_us ?? 0) > 1_000_000;
  return (
    <tr>
      <th scope="row">
        {title(stage.name)}
        {stage.camera !== undefined && stage.camera !== "" && <span class="quiet"> {stage.camera}</span>}
      </th>
      <td class="number">{stage.rate_hz === undefined ? <Unmeasured /> : `${rate(stage.rate_hz)} /s`}</td>
      <td class={late ? "number warn-words" : "number"}>{stage.lag_us === undefined ? <Unmeasured /> : lag(stage.lag_us)}</td>
      <td class={stage.dropped > 0 ? "number warn-words" : "number"}>{count(stage.dropped)}</td>
      <td>
        <span class={stage.healthy ? "dot live" : "dot offline"} />
        <span class={stage.healthy ? "stage-state quiet" : "stage-state"}>{stage.detail === "" ? (stage.healthy ? "Well" : "Not well") : stage.detail}</span>
      </td>
    </tr>
  );
}
