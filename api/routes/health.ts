import { z } from 'zod';
import { defineRoute, defineStreamRoute, type Route } from '../route.ts';

/** What `/readyz` asks. A check that rejects or takes too long has failed. `detail` is for people. */
export type ReadinessCheck = () => Promise<{ ok: boolean; detail?: string }>;

const PATIENCE_MS = 2_000;
/** Anybody may ask, as often as they like; the parts are asked once in this time. */
const FRESH_MS = 500;

const Readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
});

/** Routes for whoever watches the process: alive, and ready to run messages. */
export function healthRoutes(deps: {
  checks: Readonly<Record<string, ReadinessCheck>>;
  /** Aborted once the process was asked to stop: it still serves, and is not ready. */
  stopping?: AbortSignal;
}): Route[] {
  const ask = askedOnce(async () =>
    Promise.all(Object.entries(deps.checks).map(async ([name, check]) => [name, await run(check)] as const)),
  );
  const shared = { tag: 'Health', rate: 'none', access: 'public' } as const;
  return [
    defineRoute({
      method: 'GET',
      path: '/healthz',
      operationId: 'getHealth',
      summary: 'Whether the process is alive',
      ...shared,
      response: z.object({ status: z.literal('ok') }),
      handle: () => ({ status: 'ok' as const }),
    }),

    defineStreamRoute({
      method: 'GET',
      path: '/readyz',
      operationId: 'getReadiness',
      summary: 'Whether messages would run now; 503 when not',
      ...shared,
      content: 'application/json',
      response: Readiness,
      handle: async (_request, response) => {
        const entries: Awaited<ReturnType<typeof ask>> = deps.stopping?.aborted
          ? [['process', { ok: false, detail: 'It was asked to stop, and takes requests for a moment yet.' }]]
          : await ask();
        const ready = entries.every(([, { ok }]) => ok);
        response
          .status(ready ? 200 : 503)
          .json({ status: ready ? 'ready' : 'not_ready', checks: Object.fromEntries(entries) });
      },
    }),
  ];
}

/** Gives what `ask` answers, the same answer to all who ask while it is under way and for a moment after it. */
function askedOnce<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let answer: Promise<Answer> | null = null;
  return async () => {
    if (answer === null) {
      answer = ask();
      void answer.finally(() => setTimeout(() => (answer = null), FRESH_MS).unref());
    }
    return answer;
  };
}

async function run(check: ReadinessCheck): Promise<{ ok: boolean; detail?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ ok: boolean; detail: string }>((resolve) => {
    timer = setTimeout(
      () => resolve({ ok: false, detail: `no answer within ${PATIENCE_MS} ms` }),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
