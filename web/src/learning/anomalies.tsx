/** Owns the list of what is not as usual: expected against seen, and what a person says of it. */
import { useState } from "preact/hooks";
import * as api from "../api.ts";
import { cameraPath } from "../router.ts";
import { span } from "../text/time.ts";
import { sentence } from "../text/words.ts";
import type { Insight, Oddity, Verdict } from "../types.ts";
import { Icon } from "../ui/icons.tsx";
import { Time } from "../ui/parts.tsx";
import { dimensionWord } from "./words.ts";

/** Recorded video before an anomaly that is played, too. */
const LEAD_US = 3_000_000;

export function Found({ insight, name }: { insight: Insight; name: string }) {
  return (
    <li class="found">
      <span class={insight.kind === "health" ? "found-sign warn" : "found-sign"}>
        <Icon name={insight.kind === "health" ? "warning" : "search"} size={18} />
      </span>
      <div class="found-body">
        <p>
          <strong>{insight.kind === "anomaly" ? dimensionWord(insight.dimension) : HEADS[insight.kind]}</strong>
          <span class="tag">{name}</span>
          <span class="quiet">
            <Time us={insight.begin_us} />
            {insight.end_us === undefined ? ", goes on" : `, ${span(insight.end_us - insight.begin_us)}`}
          </span>
        </p>
        <Oddities list={insight.oddities} text={insight.text} />
        <div class="found-ways">
          <a class="button small" href={cameraPath(insight.camera, insight.begin_us - LEAD_US)}>
            <Icon name="play" size={14} />
            Play
          </a>
          {insight.kind === "anomaly" && <Say of={insight} />}
        </div>
      </div>
    </li>
  );
}

const HEADS = { anomaly: "Not as usual", pattern: "New usual path", forecast: "Forecast", health: "Camera drifts", shadow: "A model beside" } as const;

/** Expected against seen, by dimension. */
export function Oddities({ list, text }: { list: readonly Oddity[]; text?: string }) {
  const only = list.length === 1 ? list[0]?.text : text;
  if (list.length <= 1) return only === undefined || only === "" ? null : <p>{sentence(only)}</p>;
  return (
    <ul class="oddities">
      {list.map((odd) => (
        <li key={odd.dimension}>
          <span class="quiet">{dimensionWord(odd.dimension)}:</span> {odd.text}
        </li>
      ))}
    </ul>
  );
}

interface Of {
  id: string;
  camera: string;
  begin_us: number;
  end_us?: number;
  verdict?: Verdict;
}

/** Says that it is usual, or that it is right to tell it. */
export function Say({ of }: { of: Of }) {
  const [said, setSaid] = useState<Verdict | undefined>(of.verdict);
  const [failed, setFailed] = useState<string>();
  const say = async (verdict: Verdict): Promise<void> => {
    const before = said;
    const back = said === verdict;
    setSaid(back ? undefined : verdict);
    setFailed(undefined);
    try {
      if (back) await api.takeBack(of.camera, of.id);
      else await api.say(of.camera, of.id, { verdict, begin_us: of.begin_us, ...(of.end_us === undefined ? {} : { end_us: of.end_us }) });
    } catch (thrown) {
      setSaid(before);
      setFailed(api.messageOf(thrown));
    }
  };
  return (
    <>
      <button type="button" class="button small" aria-pressed={said === "normal"} onClick={() => void say("normal")}>
        {said === "normal" && <Icon name="check" size={14} />}
        Not an anomaly
      </button>
      <button type="button" class="button small" aria-pressed={said === "anomaly"} onClick={() => void say("anomaly")}>
        {said === "anomaly" && <Icon name="check" size={14} />}
        Right
      </button>
      {said === "normal" && <span class="quiet">It is learned, and not told again.</span>}
      {failed !== undefined && <span class="bad-words">{failed}</span>}
    </>
  );
}
