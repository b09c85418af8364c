import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { request as httpRequest, type ClientRequest } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '../../../core/errors.ts';
import { decisionMessage } from '../../network/egress-decision.ts';
import type { NetworkSettings } from '../../network/proxy-route.ts';
import { withHostLock } from '../host-lock.ts';
import { listeningSocket } from '../listening-socket.ts';
import type { EgressSession, EgressSettings } from './main.ts';

/** The driver's side of the host's egress process: starts it when there is none, and tells it which session may reach what. */
export interface EgressHost {
  /**
   * Opens or replaces the proxy of a session. A process that died meanwhile is started again. Rejects with `sandbox_unavailable` when it
   * still cannot be reached after some attempts.
   */
  register(sessionId: string, session: EgressSession): Promise<void>;
  /** Closes the proxy of a session whose processes are gone. Never rejects: a sandbox must be able to stop without a proxy. */
  unregister(sessionId: string): Promise<void>;
  /** Ends the process, for all workers of this host. Their sandboxes have ended before. */
  end(): Promise<void>;
  close(): void;
}

export interface EgressHostDeps {
  /** Folder for the control socket and the lock; short and private. */
  sockets: string;
  logFile: string;
  /** Words that run the process: node and the program, after whatever changes the user. */
  command(): Promise<readonly string[]>;
  settings: EgressSettings;
  /** The way out; its password travels by the control socket, since others can read argument lists. */
  network: NetworkSettings;
  /** Ends processes of an older version, which would go on with what it did; called once. */
  endOutdated(): void;
  /** Every session that runs or is being started, for a process that starts anew. */
  sessions(): [sessionId: string, session: EgressSession][];
  log(message: string, details?: Record<string, string | number>): void;
}

const CONTROL = 'egress.sock';
/** The process answers within milliseconds; one that is stopped never does. */
const ANSWER_MS = 10_000;
/** Both requests may be repeated: they say what is to be, not what is to change. */
const ATTEMPTS = 12;
const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 200;
/** Between attempts to bring back a process that nobody waits for. */
const REVIVE_MS = 2_000;
/** The process ends within milliseconds of being asked. */
const END_MS = 2_000;

function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(String(code));
}

export function createEgressHost(deps: EgressHostDeps): EgressHost {
  const socketPath = join(deps.sockets, CONTROL);
  let events: ClientRequest | undefined;
  let connecting: Promise<void> | undefined;
  let isReviving = false;
  let isClosed = false;
  let isCurrent = false;

  /** Rejects with an AppError when the process refused, and with the system's error when it could not be reached. */
  function send(method: string, path: string, body?: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      // A connection of its own: one that is kept may lead to a process that was killed meanwhile.
      const request = httpRequest({ socketPath, method, path, agent: false }, (response) => {
        response.on('error', reject);
        let said = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          if (said.length < 500) said += piece;
        });
        response.once('end', () => {
          if (response.statusCode === 200) resolve();
          else
            reject(
              new AppError(
                'sandbox_unavailable',
                `The egress proxy answered ${response.statusCode} to ${method} ${path}: ${said}`,
              ),
            );
        });
      });
      request.setTimeout(ANSWER_MS, () => request.destroy(new Error('it did not answer')));
      // A broken connection may be reported more than once.
      request.on('error', reject);
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
    deps.log(decisionMessage(details), details);
  }

  /** Connects to the stream of decisions; its end is how the death of the process is noticed. Rejects when nobody listens. */
  function watch(): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath, path: '/events', agent: false }, (response) => {
        request.setTimeout(0);
        response.socket.unref();
        createInterface(response)
          .on('line', onLine)
          // The end of the stream is handled once, below.
          .on('error', () => response.destroy());
        response.once('close', () => {
          if (events === request) events = undefined;
          void revive();
        });
        events = request;
        resolve();
      });
      request.setTimeout(ANSWER_MS, () => request.destroy(new Error('it did not answer')));
      request.on('error', reject);
      request.end();
    });
  }

  const tellNetwork = (): Promise<void> => send('PUT', '/network', deps.network);

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
    await tellNetwork();
    for (const [sessionId, session] of deps.sessions()) {
      await send('PUT', `/sessions/${sessionId}`, session).catch((error: unknown) => {
        // One session whose proxy cannot be opened must not keep the network from all others.
        if (!(error instanceof AppError)) throw error;
        deps.log(error.message, { session: sessionId });
      });
    }
  }

  function connect(): Promise<void> {
    connecting ??= withHostLock(join(deps.sockets, 'egress.lock'), async () => {
      if (events !== undefined) return;
      if (!isCurrent) deps.endOutdated();
      isCurrent = true;
      try {
        await watch();
        await tellNetwork();
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

  /** Brings back a process that died: sandboxes that run have no network until then. */
  async function revive(): Promise<void> {
    if (isReviving) return;
    isReviving = true;
    const isMissing = (): boolean => !isClosed && events === undefined;
    while (isMissing()) {
      try {
        await connect();
      } catch (error) {
        deps.log(`the egress proxy cannot be restarted: ${String(error)}`);
        await delay(REVIVE_MS, undefined, { ref: false });
      }
    }
    isReviving = false;
  }

  /** Sends a request that may be repeated, to a process that may be killed at any moment. */
  async function insist(method: string, path: string, body?: unknown): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (events === undefined) await connect();
        await send(method, path, body);
        return;
      } catch (error) {
        if (error instanceof AppError) throw error;
        if (attempt === ATTEMPTS) {
          throw new AppError(
            'sandbox_unavailable',
            `The egress proxy of this host could not be reached in ${ATTEMPTS} attempts (${String(error)}). Read ${deps.logFile} for what ends it, then repeat the call.`,
            { cause: error },
          );
        }
      }
      // Its death may be noticed here before the stream of decisions ends.
      events?.destroy();
      events = undefined;
      await delay(Math.min(PAUSE_MS * attempt, LONGEST_PAUSE_MS));
    }
  }

  return {
    register: (sessionId, session) => insist('PUT', `/sessions/${sessionId}`, session),
    async unregister(sessionId) {
      try {
        await send('DELETE', `/sessions/${sessionId}`);
      } catch (error) {
        // A process that is gone took the session's socket with it, and the next one is not told of the session.
        if (!isGone(error)) deps.log(`the proxy of a stopped sandbox cannot be closed: ${String(error)}`);
      }
    },
    async end() {
      isClosed = true;
      events?.destroy();
      const deadline = Date.now() + END_MS;
      try {
        await send('POST', '/end');
        while (Date.now() < deadline) {
          await delay(10);
          await send('GET', '/');
        }
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },
    close() {
      isClosed = true;
      events?.destroy();
    },
  };
}
