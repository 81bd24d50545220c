/** Owns what several pages look at: the cameras and the state of the system. */
import * as api from "../api.ts";
import type { System } from "../types.ts";
import { noteServerClock } from "./clock.ts";
import { Polled } from "./store.ts";

export const cameras = new Polled((signal) => api.cameras(signal), 2500);
export const system = new Polled(askSystem, 4000);

async function askSystem(signal: AbortSignal): Promise<System> {
  const asked = Date.now() * 1000;
  const told = await api.system(signal);
  noteServerClock(told.now_us, asked, Date.now() * 1000);
  return told;
}
