import Docker from 'dockerode';

import { AppError } from '../../../core/errors.ts';

/** The engine at `host`: a `unix://` path, or a `tcp://`, `http://` or `https://` address; null: the engine's usual place. */
export function connectEngine(host: string | null): Docker {
  if (host === null) return new Docker();
  const url = new URL(host);
  if (url.protocol === 'unix:') return new Docker({ socketPath: url.pathname });
  const protocol = url.protocol === 'https:' ? 'https' : 'http';
  return new Docker({ protocol, host: url.hostname, port: Number(url.port === '' ? 2375 : url.port) });
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
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError('sandbox_unavailable', `${what}: ${reason}`, { cause: error });
}
