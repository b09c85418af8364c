/** How a part of the service does. `degraded`: it works, and somebody should look; `down`: what needs it does not work. */
export type PartState = 'ok' | 'degraded' | 'down';

/** A host of sandboxes, as the service sees it now. */
export interface HostReport {
  id: string;
  driver: string;
  /** `not_ready`: a worker runs there, and no sandbox can be started. `lost`: no worker of it runs. */
  state: 'ready' | 'not_ready' | 'lost';
}

/** What is known of one part. All but `state` is for operators. */
export interface PartReport {
  state: PartState;
  /** For people: what is wrong, and what to do. */
  detail?: string;
  /** By name, such as `running`. */
  figures?: Record<string, number>;
  hosts?: HostReport[];
}

const RANKS: readonly PartState[] = ['ok', 'degraded', 'down'];

/** The worst of these states: that of the whole. */
export function worstState(states: Iterable<PartState>): PartState {
  return RANKS[Math.max(0, ...[...states].map((state) => RANKS.indexOf(state)))] ?? 'ok';
}
