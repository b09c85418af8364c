import { Socket } from 'node:net';
import type { ClientBase } from 'pg';

/** Looks at the connection in the longest time that an answer may take: a process that stood still itself has missed one of them at most. */
const LOOKS = 5;

/** Gives a connection up over which no answer comes. */
export interface AnswerWatch {
  /**
   * Waits for the answer to a statement that was just sent. When nothing at all comes from PostgreSQL for too long, the connection is
   * destroyed, and every statement on it fails with `ETIMEDOUT`.
   *
   * @param patienceMs - how long PostgreSQL may be silent over this statement, when that is not the usual time.
   */
  answer<T>(answered: Promise<T>, patienceMs?: number): Promise<T>;
}

/**
 * A connection that a firewall, a router or a fail-over drops without a word looks whole for a quarter of an hour, and one to a server that
 * stands still for ever. `pg` has a limit for each query, but that counts from when the query was made, whatever arrives meanwhile, and
 * fires when this process stood still with the answer waiting in its socket; this one counts silence.
 *
 * @param answerMs - how long PostgreSQL may be silent while it owes an answer.
 * @param onSilent - told when the connection is given up.
 */
export function watchAnswers(
  client: ClientBase,
  answerMs: number,
  onSilent: (error: Error) => void = () => undefined,
): AnswerWatch {
  const lookMs = answerMs / LOOKS;
  const owed = new Set<{ patienceMs: number }>();
  let silentMs = 0;
  let seen = '';
  let timer: NodeJS.Timeout | undefined;

  /** What has arrived, and what is not yet taken from us: a large statement on a slow line is no silence. */
  function progress(): string {
    const stream = streamOf(client);
    return `${stream?.bytesRead} ${stream?.writableLength}`;
  }

  function look(): void {
    const now = progress();
    silentMs = now === seen ? silentMs + lookMs : 0;
    seen = now;
    if (silentMs < Math.max(...[...owed].map(({ patienceMs }) => patienceMs))) return;
    stop();
    const error = Object.assign(
      new Error(
        `PostgreSQL did not answer for ${Math.round(silentMs / 1_000)} s; the connection is given up.`,
      ),
      { code: 'ETIMEDOUT' },
    );
    streamOf(client)?.destroy(error);
    onSilent(error);
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    async answer(answered, patienceMs = answerMs) {
      const debt = { patienceMs };
      owed.add(debt);
      if (timer === undefined) {
        silentMs = 0;
        seen = progress();
        timer = setInterval(look, lookMs);
      }
      try {
        return await answered;
      } finally {
        owed.delete(debt);
        if (owed.size === 0) stop();
      }
    },
  };
}

/** Ends a connection at once, without the good-bye that a silent server would not take. */
export function cut(client: ClientBase): void {
  streamOf(client)?.destroy();
}

/** `pg` keeps its socket on the client, the encrypted one where there is one; its type declarations leave it out. */
function streamOf(client: ClientBase): Socket | null {
  if (!('connection' in client) || typeof client.connection !== 'object' || client.connection === null)
    return null;
  const { connection } = client;
  return 'stream' in connection && connection.stream instanceof Socket ? connection.stream : null;
}
