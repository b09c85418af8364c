import { Connection } from '@temporalio/client';
import { socketPathOf, type TemporalConnectionOptions } from './connection-options.ts';

/** A client's connection that is made at its first call, and again whenever it must: the server may be down now. */
export function lazyConnection(options: TemporalConnectionOptions): Connection {
  const socket = socketPathOf(options.address);
  return socket === null ? Connection.lazy(options) : connectionsThrough(socket).lazy(withoutSocket(options));
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
    ? Connection.connect(options)
    : connectionsThrough(socket).connect(withoutSocket(options));
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
