import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../core/errors.ts';
import { isPortFree, pickFreePort } from '../host/free-port.ts';
import { spawnDetached } from '../host/spawn-detached.ts';
import type { ProcessIdentity } from '../host/process-identity.ts';
import { databaseFile, partitionsInUse } from './database-file.ts';
import { inPrivateNetwork, spawnInPrivateNetwork } from './door/private-network.ts';
import { serverArguments } from './server-arguments.ts';

/** Where a server is reached, and how it is started so that it is reached there. */
export interface ServerPlace {
  /** Of its gRPC service: `unix:` and a path, or host:port. */
  address: string;
  /** Of its UI: `unix:` and a path, or an http URL. */
  uiUrl: string;
  command: string[];
}

/** What both kinds of places need to know. */
interface Server {
  /** Path of the Temporal CLI. */
  program: string;
  folder: string;
  namespace: string;
}

/** Without a network of its own the server listens here. */
export const HOST = '127.0.0.1';

/** Nobody else is in the server's own network, so they need not be chosen. */
const INNER_PORTS = { port: 7233, uiPort: 8233 };

/**
 * The server in a network of its own. All its ports are in there, those that cannot be switched off too; two sockets in `socketDir`, which
 * is open to our account only, lead in.
 */
export function placeBehindDoor({ program, folder, namespace }: Server, socketDir: string): ServerPlace {
  const { port, uiPort } = INNER_PORTS;
  const server = [program, ...serverArguments({ port, uiPort, namespace, ...databaseOf(folder) })];
  return {
    address: `unix:${path.join(socketDir, 'grpc.sock')}`,
    uiUrl: `unix:${path.join(socketDir, 'ui.sock')}`,
    command: inPrivateNetwork([
      '/bin/sh',
      script('open-door.sh'),
      socketDir,
      String(port),
      String(uiPort),
      ...server,
    ]),
  };
}

/** The server on loopback, where every account of the machine reaches it. */
export function placeOnLoopback(
  { program, folder, namespace }: Server,
  ports: { port: number; uiPort: number },
): ServerPlace {
  return {
    address: `${HOST}:${ports.port}`,
    uiUrl: `http://${HOST}:${ports.uiPort}/temporal`,
    command: [program, ...serverArguments({ ...ports, namespace, ...databaseOf(folder) })],
  };
}

function databaseOf(folder: string): { databaseFile: string; readPartitions: number } {
  return { databaseFile: databaseFile(folder), readPartitions: partitionsInUse(folder) };
}

/**
 * Starts the server of a place. Null when it ended before it could be identified.
 *
 * @param given.socketDir - where the sockets lie; null: on loopback.
 */
export async function spawnServer(
  { command: [command = '', ...args] }: ServerPlace,
  given: {
    folder: string;
    socketDir: string | null;
    logFile: string;
    environment: Record<string, string | undefined>;
  },
): Promise<ProcessIdentity | null> {
  const { socketDir, ...rest } = given;
  if (socketDir === null) {
    const { pid, started } = await spawnDetached({ command, args, ...rest });
    return { pid, started };
  }
  // The relay is named by socat's own syntax, which a path with commas or colons would break; so it lies in the relay's folder.
  copyFileSync(script('pass-through.sh'), path.join(socketDir, 'pass-through.sh'));
  return spawnInPrivateNetwork({ command, args, ...rest });
}

/**
 * A port on loopback: the wanted one, or for 0 the one of before if it is free, else any.
 *
 * @throws `bad_config` when the wanted one is taken.
 */
export async function choosePort(
  setting: string,
  wanted: number,
  before: number | undefined,
): Promise<number> {
  if (wanted === 0)
    return before !== undefined && (await isPortFree(before, HOST)) ? before : pickFreePort(HOST);
  if (await isPortFree(wanted, HOST)) return wanted;
  throw new AppError(
    'bad_config',
    `${setting}: port ${wanted} of ${HOST} is taken by another program. Set another one; 0 picks a free one.`,
  );
}

function script(name: string): string {
  return fileURLToPath(new URL(`door/${name}`, import.meta.url));
}
