/** Owns the trying of an address: one picture, or the plain reason and what to do. */
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api.ts";
import { codecName, rate } from "../text/format.ts";
import { sentence } from "../text/words.ts";
import type { Probe } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { addressProblem, probeOf, type SourceDraft } from "./form-model.ts";

type Trial = { step: "idle" } | { step: "trying" } | { step: "done"; answer: Probe };

export function TryPanel({ draft }: { draft: SourceDraft }) {
  const [trial, setTrial] = useState<Trial>({ step: "idle" });
  const asking = useRef<AbortController | undefined>(undefined);
  const key = `${draft.address} ${draft.username} ${draft.password} ${draft.transport}`;
  useEffect(() => {
    asking.current?.abort();
    setTrial({ step: "idle" });
  }, [key]);
  useEffect(() => () => asking.current?.abort(), []);
  const attempt = async () => {
    const stop = new AbortController();
    asking.current = stop;
    setTrial({ step: "trying" });
    let answer: Probe;
    try {
      answer = await api.probe(probeOf(draft), stop.signal);
    } catch (thrown) {
      answer = { ok: false, reason: api.messageOf(thrown) };
    }
    if (!stop.signal.aborted) setTrial({ step: "done", answer });
  };
  const ready = addressProblem(draft.address) === undefined;
  return (
    <section class="try" aria-label="Try the address" aria-live="polite">
      <div class="try-stage">
        <Picture trial={trial} />
      </div>
      <div class="try-foot">
        <p>{words(trial, ready)}</p>
        <button type="button" class="button" disabled={!ready || trial.step === "trying"} onClick={() => void attempt()}>
          {trial.step === "done" ? "Try again" : "Try it"}
        </button>
      </div>
    </section>
  );
}

function Picture({ trial }: { trial: Trial }) {
  if (trial.step === "trying") return <span class="spinner" />;
  if (trial.step === "idle") {
    return <Icon name="camera" size={40} />;
  }
  const { answer } = trial;
  if (answer.ok && answer.picture !== undefined) return <img src={answer.picture} alt="A picture from this address" />;
  if (answer.ok) return <Icon name="check" size={40} />;
  return (
    <div class="try-reason">
      <Icon name="warning" size={30} />
      <strong>{sentence(answer.reason ?? "No picture came from this address.")}</strong>
      {answer.fix !== undefined && <span>{answer.fix}</span>}
    </div>
  );
}

function words(trial: Trial, ready: boolean): string {
  if (trial.step === "trying") return "Connecting. This can take some seconds.";
  if (trial.step === "idle") return ready ? "See a picture before you save." : "Write an address to try it.";
  const { answer } = trial;
  if (!answer.ok) return "You can save it all the same: Flumen keeps trying.";
  const parts = [
    answer.codec === undefined ? undefined : codecName(answer.codec),
    answer.width === undefined ? undefined : `${answer.width} × ${answer.height ?? 0}`,
    answer.frame_rate === undefined ? undefined : `${rate(answer.frame_rate)} fps`,
    answer.audio === true ? "sound" : undefined,
  ];
  return `It works: ${parts.filter((part) => part !== undefined).join(", ")}.`;
}
