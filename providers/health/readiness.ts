import { askedOnce } from './asked-once.ts';
import { inTime, PATIENCE_MS } from './in-time.ts';

/** What one check found. `detail` is shown to anybody: a sentence of ours, never the words of an error. */
export interface CheckResult {
  ok: boolean;
  detail?: string;
}

/** Asks for one thing that a process needs for its own work. One that rejects or takes too long has failed. */
export type ReadinessCheck = () => Promise<CheckResult>;

export interface ReadinessReport {
  ready: boolean;
  checks: Record<string, CheckResult>;
}

/** Whether a process can do its own work: what a load balancer or an orchestrator asks. It says nothing about other processes. */
export interface Readiness {
  /** Answers within about two seconds, whatever hangs. */
  report(): Promise<ReadinessReport>;
}

/** Anybody may ask, as often as they like; the parts are asked once in this time. */
const FRESH_MS = 500;
const STOPPING = 'It was asked to stop, and goes on for a moment yet.';

/**
 * @param checks - by name, as they are shown.
 * @param stopping - aborted once the process was asked to stop: it still works, and whoever sends it work should send it elsewhere.
 */
export function createReadiness(
  checks: Readonly<Record<string, ReadinessCheck>>,
  stopping?: AbortSignal,
): Readiness {
  const ask = askedOnce(FRESH_MS, async () =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(checks).map(async ([name, check]) => [name, await resultOf(check)] as const),
      ),
    ),
  );
  return {
    async report() {
      if (stopping?.aborted) return { ready: false, checks: { process: { ok: false, detail: STOPPING } } };
      const found = await ask();
      return { ready: Object.values(found).every(({ ok }) => ok), checks: found };
    },
  };
}

async function resultOf(check: ReadinessCheck): Promise<CheckResult> {
  try {
    return await inTime(check, () => ({ ok: false, detail: `It does not answer within ${PATIENCE_MS} ms.` }));
  } catch {
    return { ok: false, detail: 'It cannot be reached; /status and the log say why.' };
  }
}
