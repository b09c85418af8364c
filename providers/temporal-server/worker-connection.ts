import { native } from '@temporalio/core-bridge';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { toNativeClientOptions } from '@temporalio/worker/lib/connection-options.js';
import { socketPathOf, type TemporalConnectionOptions } from './connection-options.ts';

/** A worker's connection, once the server answers. */
export function openWorkerConnection(options: TemporalConnectionOptions): Promise<NativeConnection> {
  const socket = socketPathOf(options.address);
  return socket === null ? NativeConnection.connect(options) : SocketConnection.through(socket, options);
}

/**
 * The worker's core takes the Unix socket of a proxy, and asks it for the server by HTTP CONNECT; only the options of its TypeScript side
 * know hosts and ports alone. So this makes the core's options as that side does, and names the socket in them.
 */
class SocketConnection extends NativeConnection {
  static async through(socket: string, options: TemporalConnectionOptions): Promise<NativeConnection> {
    const runtime = Runtime.instance();
    const client = await runtime['createNative']<
      native.Client,
      Parameters<typeof native.newClient>,
      typeof native.newClient
    >(native.newClient, runtime.native, {
      ...toNativeClientOptions({ ...options, address: 'localhost:7233' }),
      httpConnectProxy: { targetHost: `unix:${socket}`, basicAuth: null },
    });
    return new SocketConnection(runtime, client, false, []);
  }
}
