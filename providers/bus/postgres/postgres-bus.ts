import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '../../../core/errors.ts';
import { createKeyRing, type KeyRing } from '../../encryption/key-ring.ts';
import type { Bus } from '../bus.ts';
import { decodePayload } from '../codec.ts';
import { createOutbox, type Channel } from '../outbox.ts';
import { createSubscriptions } from '../subscriptions.ts';
import { connectBus, type BusConnection } from './connection.ts';
import { refusePooler } from './refuse-pooler.ts';
import { createPayloadSeal } from './sealed-payload.ts';

export interface PostgresBusOptions {
  /** `store.direct_url`: LISTEN needs a connection of its own that no pooler shares. */
  url: string;
  /** What this process receives: an api `streams` and `watched`, a worker `interrupts`. */
  channels: readonly Channel[];
  /** Encrypts what is sent where it has a key; by default nothing is. */
  keys?: KeyRing;
  /** Told of lost connections and foreign payloads; nothing has to be done about them. */
  onProblem: (message: string, error: unknown) => void;
}

const PAYLOADS_PER_STATEMENT = 32;
const PROBE_MS = 5_000;
const NOTIFY =
  'SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS n (channel, payload)';
const PREFIX = 'managed_agent_';

/**
 * A bus over NOTIFY, on one connection of its own. Resolves when it first listens; while PostgreSQL does not answer it goes on trying,
 * until `signal` is aborted. Rejects with `bad_config` when the URL leads through a transaction pooler.
 */
export async function openPostgresBus(options: PostgresBusOptions, signal?: AbortSignal): Promise<Bus> {
  const subscriptions = createSubscriptions();
  const seal = createPayloadSeal(options.keys ?? createKeyRing([]));
  const outbox = createOutbox(seal.payloadBytes);
  const stop = new AbortController();
  let connection: BusConnection | null = null;
  let sending: Promise<void> | null = null;

  const receive = (channel: string, payload: string) => {
    const wanted = channel === `${PREFIX}streams` ? subscriptions.wants : () => true;
    try {
      for (const message of decodePayload(seal.open(payload), wanted)) subscriptions.deliver(message);
    } catch (error) {
      if (!(error instanceof SyntaxError) && !isAppError(error)) throw error;
      options.onProblem(`A message on the channel ${channel} cannot be read.`, error);
    }
  };
  const connect = () =>
    connectBus({
      url: options.url,
      channels: options.channels.map((channel) => `${PREFIX}${channel}`),
      onNotification: receive,
    });

  const next = (live: BusConnection) => (connection === live ? outbox.take(PAYLOADS_PER_STATEMENT) : []);
  const send = async (live: BusConnection) => {
    // What is published in the same turn of the event loop goes out together.
    await Promise.resolve();
    try {
      for (let batch = next(live); batch.length > 0; batch = next(live)) {
        await live.query(NOTIFY, [
          batch.map(({ channel }) => `${PREFIX}${channel}`),
          batch.map(({ payload }) => seal.seal(payload)),
        ]);
      }
    } catch (error) {
      options.onProblem('A notification could not be sent; the connection is made anew.', error);
      live.destroy();
    } finally {
      sending = null;
    }
  };

  const flush = async () => {
    for (let current = sending; current; current = sending) await current;
  };

  /** Finds connections whose other side is gone without a word. */
  const probe = () => {
    const live = connection;
    if (live && sending === null) sending = probeOnce(live);
  };
  const probeOnce = async (live: BusConnection) => {
    try {
      await live.query('SELECT 1');
    } catch {
      live.destroy();
    }
    sending = null;
    if (outbox.size > 0 && connection === live) sending = send(live);
  };

  await retry(() => refusePooler(options.url), options.onProblem, signal);
  connection = await retry(connect, options.onProblem, signal);
  const prober = setInterval(probe, PROBE_MS).unref();
  const kept = keepOpen();

  async function keepOpen(): Promise<void> {
    while (connection) {
      const reason = await connection.ended;
      connection = null;
      outbox.clear();
      if (stop.signal.aborted) return;
      options.onProblem('The connection of the bus was lost.', reason);
      connection = await retry(connect, options.onProblem, stop.signal).catch(() => null);
      // Closed while it was being made.
      if (stop.signal.aborted) connection?.destroy();
      else if (connection) subscriptions.gap();
    }
  }

  return {
    publish(message) {
      if (!connection) return;
      outbox.add(message);
      sending ??= send(connection);
    },
    subscribe: subscriptions.subscribe,
    subscribeInterrupts: subscriptions.subscribeInterrupts,
    subscribeWatched: subscriptions.subscribeWatched,
    flush,
    async close() {
      if (stop.signal.aborted) return;
      await flush();
      stop.abort();
      clearInterval(prober);
      connection?.destroy();
      await kept;
    },
  };
}

/** Repeats `work` until it succeeds, a little later each time. */
async function retry<T>(
  work: () => Promise<T>,
  onProblem: (message: string, error: unknown) => void,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let wait = 25; ; wait = Math.min(wait * 2, 1_000)) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (isAppError(error)) throw error;
      if (wait >= 1_000) onProblem('The bus cannot reach PostgreSQL; it goes on trying.', error);
      await delay(wait, undefined, signal ? { signal } : {});
    }
  }
}
