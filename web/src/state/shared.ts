/** Owns what several pages look at: the cameras and the state of the system. */
import * as api from "../api.ts";
import { Polled } from "./store.ts";

export const cameras = new Polled((signal) => api.cameras(signal), 2500);
export const system = new Polled((signal) => api.system(signal), 4000);
