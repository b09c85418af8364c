/** How long one answer may take: whoever asks whether a process works gives up after some seconds. */
export const PATIENCE_MS = 2_000;

/** What `ask` gives, or `late` when that takes longer than `patienceMs`. Rejects with what `ask` rejects with. */
export async function inTime<Answer>(
  ask: () => Promise<Answer>,
  late: () => Answer,
  patienceMs: number = PATIENCE_MS,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const given = ask();
  // What comes too late may be a failure, which nobody waits for.
  given.catch(() => undefined);
  try {
    return await Promise.race([
      given,
      new Promise<Answer>((resolve) => {
        timer = setTimeout(() => resolve(late()), patienceMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
