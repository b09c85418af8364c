import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { AppError } from '../../../core/errors.ts';
import { withHostLock } from '../host-lock.ts';
import { listeningSocket } from '../listening-socket.ts';
import type { EgressSession, EgressSettings } from './main.ts';

/** The driver's side of the host's egress process: starts it when there is none, and tells it which session may reach what. */
export interface EgressHost {
  /** Opens or replaces the proxy of a session. */
  register(sessionId: string, session: EgressSession): Promise<void>;
  unregister(sessionId: string): Promise<void>;
  close(): void;
}

export interface EgressHostDeps {
  /** Folder for the control socket and the lock; short and private. */
  sockets: string;
  logFile: string;
  /** Words that run the process: node and the program, after whatever changes the user. */
  command(): Promise<readonly string[]>;
  settings: EgressSettings;
  /** Every session that may be running, for a process that starts anew. */
  sessions(): [sessionId: string, session: EgressSession][];
  log(message: string, details?: Record<string, string | number>): void;
}

const CONTROL = 'egress.sock';

export function createEgressHost(deps: EgressHostDeps): EgressHost {
  const socketPath = join(deps.sockets, CONTROL);
  let events: ClientRequest | undefined;
  let connecting: Promise<void> | undefined;
  let isClosed = false;

  function send(method: string, path: string, body?: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath, method, path }, (response) => {
        response.resume();
        response.once('end', () => {
          if (response.statusCode === 200) resolve();
          else
            reject(
              new AppError(
                'sandbox_unavailable',
                `The egress proxy answered ${response.statusCode} to ${method} ${path}.`,
              ),
            );
        });
      });
      request.once('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  function onLine(line: string): void {
    if (line === '') return;
    let details: Record<string, string | number>;
    try {
      const { time: _, ...said } = JSON.parse(line) as Record<string, string | number>;
      details = said;
    } catch {
      // The last line of a process that was killed while it wrote.
      details = { said: line };
    }
    deps.log(details['decision'] === 'refused' ? 'egress refused' : 'egress', details);
  }

  /** Connects to the stream of decisions; its end is how the death of the process is noticed. Rejects when nobody listens. */
  function watch(): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath, path: '/events' }, (response: IncomingMessage) => {
        response.socket.unref();
        createInterface(response)
          .on('line', onLine)
          // The end of the stream is handled once, below.
          .on('error', () => response.destroy());
        response.once('close', () => {
          events = undefined;
          if (!isClosed)
            connect().catch((error: unknown) =>
              deps.log(`the egress proxy cannot be restarted: ${String(error)}`),
            );
        });
        events = request;
        resolve();
      });
      request.once('error', reject);
      request.end();
    });
  }

  async function start(): Promise<void> {
    const socket = await listeningSocket(socketPath);
    const log = openSync(deps.logFile, 'a', 0o600);
    try {
      const [program = '', ...words] = await deps.command();
      const child = spawn(program, [...words, JSON.stringify(deps.settings)], {
        cwd: '/',
        detached: true,
        env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
        stdio: ['ignore', log, log, socket.descriptor],
      });
      child.on('error', (error) => deps.log(`the egress proxy cannot be started: ${error.message}`));
      child.unref();
    } finally {
      closeSync(log);
      await socket.release();
    }
    for (const [sessionId, session] of deps.sessions()) await send('PUT', `/sessions/${sessionId}`, session);
  }

  function connect(): Promise<void> {
    connecting ??= withHostLock(join(deps.sockets, 'egress.lock'), async () => {
      if (events !== undefined) return;
      try {
        await watch();
      } catch {
        // Nobody listens: this process starts it, the others find it.
        await start();
        await watch();
      }
    }).finally(() => {
      connecting = undefined;
    });
    return connecting;
  }

  return {
    async register(sessionId, session) {
      if (events === undefined) await connect();
      await send('PUT', `/sessions/${sessionId}`, session);
    },
    async unregister(sessionId) {
      if (events !== undefined) await send('DELETE', `/sessions/${sessionId}`);
    },
    close() {
      isClosed = true;
      events?.destroy();
    },
  };
}
