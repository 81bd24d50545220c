/** Owns the table of learned models: what they learned from, which version counts, changing that. */
import { useState } from "preact/hooks";
import * as api from "../api.ts";
import { count, plural } from "../text/format.ts";
import { ago, exact, span } from "../text/time.ts";
import type { Active, Model, ModelComparison, ModelList, Told } from "../types.ts";
import { useAsked } from "./asked.ts";
import { figure, findingWord, measureWords, modelStateWord, modelWord, scopeWord, scores } from "./words.ts";

/** Versions of one model that are shown before someone asks for all. */
const FEW = 3;

export function Models({ list, onChange }: { list: ModelList; onChange: () => void }) {
  const groups = new Map<string, Model[]>();
  for (const model of list.models) {
    const key = `${model.scope}/${model.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), model]);
  }
  if (groups.size === 0) return <p class="quiet">No model is learned yet: the first comes after ten minutes of pictures.</p>;
  return (
    <>
      {[...groups].map(([key, models]) => (
        <OneModel key={key} models={models} word={wordOn(list, models)} onChange={onChange} />
      ))}
    </>
  );
}

/** What was said of a model; nothing while the newest version counts. */
function wordOn(list: ModelList, models: Model[]): Active | undefined {
  return list.active.find((word) => word.scope === models[0]?.scope && word.kind === models[0]?.kind);
}

function OneModel({ models, word, onChange }: { models: Model[]; word: Active | undefined; onChange: () => void }) {
  const [all, setAll] = useState(false);
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<string>();
  const [compared, setCompared] = useState<ModelComparison>();
  const first = models[0];
  if (!first) return null;
  const live = models.find((model) => model.state === "in-force");
  const act = async (what: () => Promise<string>): Promise<void> => {
    setBusy(true);
    try {
      setTold(await what());
      onChange();
    } catch (thrown) {
      setTold(api.messageOf(thrown));
    }
    setBusy(false);
  };
  const choose = (version: number, shadow: number, words: string) => () =>
    act(async () => {
      await api.choose(first.scope, first.kind, { version, shadow, reason: words });
      return `${words}: it counts in half a second.`;
    });
  const attempt = (model: Model) => () =>
    act(async () => {
      await api.choose(first.scope, first.kind, { shadow: model.version, when_better: true, reason: "Tried on the page" });
      return "It counts once a day shows as much found, with fewer false ones.";
    });
  const compare = (model: Model) => () =>
    act(async () => {
      setCompared(await api.compare(first.scope, first.kind, live?.version ?? model.version, model.version));
      return "";
    });
  const pinned = models.some((model) => model.pinned || model.state === "shadow");
  return (
    <section class="one-model" aria-label={`${modelWord(first.kind)}, ${scopeWord(first.scope)}`}>
      <h3>
        {modelWord(first.kind)} <span class="tag">{scopeWord(first.scope)}</span>
        {live && <span class="quiet">{ago(live.to_us)}</span>}
      </h3>
      <div class="table" role="region" aria-label="Versions, a table that scrolls" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Learned from</th>
              <th scope="col">Measures</th>
              <th scope="col">State</th>
              <th scope="col" />
            </tr>
          </thead>
          <tbody>
            {(all ? models : models.filter((model, at) => at < FEW || model.pinned || model.state !== "older")).map((model) => (
              <tr key={model.version}>
                <th scope="row" title={`Version ${model.version}, by ${model.trainer}`}>
                  {exact(model.to_us).slice(0, 16)}
                </th>
                <td>{learnedFrom(model)}</td>
                <td>{model.measures.map(measureWords).map((one) => `${one.name}: ${one.value}`).join("; ") || "–"}</td>
                <td>{modelStateWord(model)}</td>
                <td class="model-acts">
                  {model !== live && (
                    <>
                      <button type="button" class="button small" disabled={busy} onClick={choose(model.version, 0, "Chosen on the page")}>
                        Let it count
                      </button>
                      {scores(model.kind) && (
                        <>
                          <button type="button" class="button small" disabled={busy} onClick={choose(0, model.version, "Scored beside")}>
                            Beside
                          </button>
                          <button type="button" class="button small" disabled={busy} onClick={attempt(model)}>
                            When better
                          </button>
                        </>
                      )}
                      <button type="button" class="button small" disabled={busy} onClick={compare(model)}>
                        Compare
                      </button>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {word && word.shadow !== 0 && <Beside word={word} />}
      <div class="model-foot">
        {models.length > FEW && (
          <button type="button" class="button small" onClick={() => setAll(!all)}>
            {all ? "Fewer versions" : `All ${models.length} versions`}
          </button>
        )}
        {pinned && (
          <button type="button" class="button small" disabled={busy} onClick={choose(0, 0, "Back to the newest")}>
            Back to the newest
          </button>
        )}
        {told !== undefined && <span class="quiet" role="status">{told}</span>}
      </div>
      {compared && <Compared compared={compared} onClose={() => setCompared(undefined)} />}
    </section>
  );
}

/** How the version beside does, against the one that counts. */
function Beside({ word }: { word: Active }) {
  const { value } = useAsked((signal) => api.trial(word.scope, word.kind, signal), [word.scope, word.kind, word.shadow], 60_000);
  if (value === undefined) return null;
  const row = (name: string, told: Told) => (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">{count(told.anomalies)}</td>
      <td class="number">{count(told.unconfirmed)}</td>
      <td class="number">
        {count(told.found)} of {count(value.confirmed)}
      </td>
    </tr>
  );
  return (
    <div class="trial">
      <p class="quiet">
        {value.minutes === 0
          ? "What the version beside finds is counted from the end of this hour on"
          : `${findingWord(value.finding)} ${span(value.minutes * 60e6)} of ${plural(value.cameras, "camera")} scored by both`}
        {word.when_better ? "; what is better counts." : "."}
      </p>
      {value.minutes > 0 && (
        <div class="table" role="region" aria-label="The version beside and the one that counts" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col" />
                <th scope="col" class="number">Anomalies</th>
                <th scope="col" class="number">Confirmed by nobody</th>
                <th scope="col" class="number">Confirmed ones found</th>
              </tr>
            </thead>
            <tbody>
              {row("Beside", value.beside)}
              {row("Counts", value.in_force)}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function learnedFrom(model: Model): string {
  const length = span(Math.max(0, model.to_us - model.from_us));
  const cameras = model.cameras.length > 1 ? `, ${model.cameras.length} cameras` : "";
  return `${length}, ${count(model.windows)} s of pictures${cameras}`;
}

function Compared({ compared, onClose }: { compared: ModelComparison; onClose: () => void }) {
  const differ = compared.differences.filter((one) => one.a !== one.b);
  return (
    <div class="compared">
      <div class="table" role="region" aria-label="Two versions side by side" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col" class="number">{exact(compared.a.to_us).slice(0, 16)}</th>
              <th scope="col" class="number">{exact(compared.b.to_us).slice(0, 16)}</th>
            </tr>
          </thead>
          <tbody>
            {differ.map((one) => (
              <tr key={one.name}>
                <th scope="row">{one.name}</th>
                <td class="number">{one.a === undefined ? "–" : figure(one.a)}</td>
                <td class="number">{one.b === undefined ? "–" : figure(one.b)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {differ.length === 0 && <p class="quiet">Nothing differs.</p>}
      <button type="button" class="button small" onClick={onClose}>
        Close
      </button>
    </div>
  );
}
