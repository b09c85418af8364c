import { setTimeout as delay } from 'node:timers/promises';

/** Waits until an api serves and knows of a worker that asks models; however long that takes, the test's own time is the limit. */
export async function serviceReady(url: string): Promise<void> {
  for (;;) {
    try {
      const { parts } = (await (await fetch(`${url}/status`)).json()) as {
        parts: Record<string, { state: string } | undefined>;
      };
      if (['database', 'temporal', 'brains'].every((name) => parts[name]?.state === 'ok')) return;
    } catch {
      // Not yet.
    }
    await delay(100);
  }
}
