import { worstState, type PartReport, type PartState } from '../../core/health/part-report.ts';
import { askedOnce } from './asked-once.ts';
import { inTime, PATIENCE_MS } from './in-time.ts';

/** The service as a whole: `down` says that something does not work now. */
export interface SystemReport {
  status: PartState;
  parts: Record<string, PartReport>;
}

/** How the service as a whole does, as one of its processes sees it. */
export interface SystemStatus {
  /** Answers within about two seconds, whatever hangs. */
  report(): Promise<SystemReport>;
}

/** Looks at one part. What it rejects with is the reason why the part is down. */
export type PartCheck = () => Promise<PartReport>;

/** The parts are asked once in this time, however many ask. */
const FRESH_MS = 1_000;

/** @param parts - by name, as they are shown. */
export function createSystemStatus(parts: Readonly<Record<string, PartCheck>>): SystemStatus {
  return {
    report: askedOnce(FRESH_MS, async () => {
      const found = await Promise.all(
        Object.entries(parts).map(async ([name, check]) => [name, await reportOf(check)] as const),
      );
      return {
        status: worstState(found.map(([, { state }]) => state)),
        parts: Object.fromEntries(found),
      };
    }),
  };
}

async function reportOf(check: PartCheck): Promise<PartReport> {
  try {
    return await inTime(check, () => ({
      state: 'down',
      detail: `It does not answer within ${PATIENCE_MS} ms.`,
    }));
  } catch (error) {
    return { state: 'down', detail: reasonOf(error) };
  }
}

/** With what it was caused by, since the error itself is often written for clients. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && cause.message !== '' ? `${message} (${cause.message})` : message;
}
