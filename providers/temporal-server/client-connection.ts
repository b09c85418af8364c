import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { socketPathOf, type TemporalConnectionOptions } from './connection-options.ts';

/** How long a server that was away may be back before it is tried again, milliseconds. */
const LONGEST_PAUSE_MS = 1_000;
/** How long a request may take that says nothing of it, all its repetitions included, milliseconds; and one of a set-up. */
const ANSWER_MS = 10_000;
const SETUP_ANSWER_MS = 60_000;
/**
 * When a quiet connection is asked whether it still stands, and how long it may take to say so, milliseconds. Temporal ends connections
 * that ask more often than every ten seconds.
 */
const KEEP_ALIVE_MS = 12_000;
const KEEP_ALIVE_ANSWER_MS = 5_000;
/** gRPC's code for a server that asks for fewer requests. */
const RESOURCE_EXHAUSTED = 8;

/**
 * A client's connection that is made at its first call, and again whenever it must: the server may be down now.
 *
 * @param apiKey - asked at each request; null: there is none.
 */
export function lazyConnection(options: TemporalConnectionOptions, apiKey?: () => string | null): Connection {
  const socket = socketPathOf(options.address);
  const connection =
    socket === null
      ? Connection.lazy({ ...options, ...impatient(ANSWER_MS) })
      : connectionsThrough(socket).lazy({ ...withoutSocket(options), ...impatient(ANSWER_MS) });
  if (options.apiKey !== undefined && apiKey !== undefined) connection.setApiKey(() => apiKey() ?? '');
  return connection;
}

/**
 * A client's connection, once the server answers.
 *
 * @param options.connectTimeout - milliseconds to wait for it.
 */
export function openConnection(
  options: TemporalConnectionOptions & { connectTimeout?: number },
): Promise<Connection> {
  const socket = socketPathOf(options.address);
  return socket === null
    ? Connection.connect({ ...options, ...impatient(SETUP_ANSWER_MS) })
    : connectionsThrough(socket).connect({ ...withoutSocket(options), ...impatient(SETUP_ANSWER_MS) });
}

/**
 * Without it the gRPC library would wait for up to two minutes before it tries a server again that was away for long, and a request of
 * Temporal's client for five seconds; all that time accepted messages would lie there though the server is back. Over a connection that
 * was dropped without a word, requests would wait for three quarters of a minute.
 */
function impatient(answerMs: number) {
  const usual = defaultGrpcRetryOptions();
  const repeat = makeGrpcRetryInterceptor({
    ...usual,
    delayFunction(attempt, status) {
      const pause = usual.delayFunction(attempt, status);
      return (status.code as number) === RESOURCE_EXHAUSTED ? pause : Math.min(pause, LONGEST_PAUSE_MS);
    },
  });
  const repeatInTime: typeof repeat = (options, nextCall) =>
    repeat({ ...options, deadline: options.deadline ?? Date.now() + answerMs }, nextCall);
  return {
    channelArgs: {
      // As a worker's own connection does, which knows no proxies: Temporal is part of the service, and asked directly.
      'grpc.enable_http_proxy': 0,
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': LONGEST_PAUSE_MS,
      'grpc.keepalive_time_ms': KEEP_ALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEP_ALIVE_ANSWER_MS,
    },
    interceptors: [repeatInTime],
  };
}

/**
 * Temporal's client refuses addresses that are no host and port; the gRPC client below it takes Unix sockets. It speaks to the socket as
 * to a proxy, like the worker's connection.
 */
function connectionsThrough(socket: string): typeof Connection {
  return class extends Connection {
    static override readonly Client = class extends Connection.Client {
      constructor(...[address, credentials, options]: ConstructorParameters<typeof Connection.Client>) {
        super(`unix:${socket}`, credentials, { ...options, 'grpc.http_connect_target': `dns:${address}` });
      }
    };
  };
}

/** The server has no name behind a socket; a host stands in for it. */
function withoutSocket<T extends TemporalConnectionOptions>(options: T): T {
  return { ...options, address: 'localhost:7233' };
}
