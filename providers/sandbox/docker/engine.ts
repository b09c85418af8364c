import Docker from 'dockerode';

import { AppError } from '../../../core/errors.ts';

/** Until an engine begins its answer: to start or remove a container takes a busy one seconds. One that stands still never does. */
const ANSWER_MS = 60_000;

/**
 * The engine at `host`: a `unix://` path, or a `tcp://`, `http://` or `https://` address; null: the engine's usual place.
 *
 * @param answerMs - until the engine begins its answer to a request, which fails then.
 */
export function connectEngine(host: string | null, answerMs = ANSWER_MS): Docker {
  // Despite its name, which the library's types leave out, it waits so long for the answer's head, not only for the connection.
  const limits: Docker.DockerOptions & { connectionTimeout: number } = { connectionTimeout: answerMs };
  if (host === null) return new Docker(limits);
  const url = new URL(host);
  if (url.protocol === 'unix:') return new Docker({ ...limits, socketPath: url.pathname });
  const protocol = url.protocol === 'https:' ? 'https' : 'http';
  const port = Number(url.port === '' ? 2375 : url.port);
  return new Docker({ ...limits, protocol, host: url.hostname, port });
}

/** The host name under which ports that the engine publishes on its loopback are reached. */
export function publishedHost(host: string | null): string {
  if (host === null || host.startsWith('unix:')) return '127.0.0.1';
  return new URL(host).hostname;
}

/** The HTTP status with which the engine refused, if it did. */
export function refusalStatus(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}

/** Does what may be done already: a missing thing is as good as a removed one. */
export async function ignoreMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const status = refusalStatus(error);
    // 409: its removal is under way already.
    if (status !== 404 && status !== 304 && status !== 409) throw error;
  }
}

/** The error of an engine that refuses or cannot be reached. */
export function engineError(what: string, error: unknown): AppError {
  return new AppError('sandbox_unavailable', `${what}: ${engineReason(error)}`, { cause: error });
}

/** Why a request to the engine failed, for people. */
export function engineReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isBroken = 'code' in error && error.code === 'ECONNRESET';
  return isBroken ? 'it did not answer in time, or broke the connection' : error.message;
}
