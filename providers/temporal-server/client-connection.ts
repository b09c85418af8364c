import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { socketPathOf, type TemporalConnectionOptions } from './connection-options.ts';

/** How long a server that was away may be back before it is tried again, milliseconds. */
const LONGEST_PAUSE_MS = 1_000;
/** gRPC's code for a server that asks for fewer requests. */
const RESOURCE_EXHAUSTED = 8;

/** A client's connection that is made at its first call, and again whenever it must: the server may be down now. */
export function lazyConnection(options: TemporalConnectionOptions): Connection {
  const socket = socketPathOf(options.address);
  return socket === null
    ? Connection.lazy({ ...options, ...impatient() })
    : connectionsThrough(socket).lazy({ ...withoutSocket(options), ...impatient() });
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
    ? Connection.connect({ ...options, ...impatient() })
    : connectionsThrough(socket).connect({ ...withoutSocket(options), ...impatient() });
}

/**
 * Without it the gRPC library would wait for up to two minutes before it tries a server again that was away for long, and a request of
 * Temporal's client for five seconds; all that time accepted messages would lie there though the server is back.
 */
function impatient() {
  const usual = defaultGrpcRetryOptions();
  return {
    channelArgs: {
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': LONGEST_PAUSE_MS,
    },
    interceptors: [
      makeGrpcRetryInterceptor({
        ...usual,
        delayFunction(attempt, status) {
          const pause = usual.delayFunction(attempt, status);
          return (status.code as number) === RESOURCE_EXHAUSTED ? pause : Math.min(pause, LONGEST_PAUSE_MS);
        },
      }),
    ],
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
