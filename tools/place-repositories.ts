import { randomUUID } from 'node:crypto';

import type { SessionError } from '../core/journal/session-error.ts';
import type { RepositoryFailure, RepositorySource } from '../providers/repository/repository-source.ts';
import { attachWhatFits } from './attach-what-fits.ts';
import type { AttachedFile, Sandbox } from '../providers/sandbox/sandbox.ts';
import type { StoredRepository } from '../providers/store/sessions.ts';
import { repositoryMark, repositoryScript } from './repository-script.ts';

type Repository = StoredRepository & { token: string | null };

export interface RepositoryPlacerDeps {
  source: RepositorySource;
  /** The repositories of a sandbox's session now. */
  repositoriesOf(spec: Sandbox['spec']): Promise<readonly Repository[]>;
}

/** Brings the repositories of sessions into their sandboxes. */
export interface RepositoryPlacer {
  /**
   * Places what is not there yet. Returns the troubles that nobody was told of so far; a repository that cannot be had is tried again
   * by a later call. Rejects as calls of the sandbox do, and with the signal's reason.
   *
   * @param files - what else is attached: it stays.
   */
  place(sandbox: Sandbox, files: readonly AttachedFile[], signal: AbortSignal): Promise<SessionError[]>;
}

const BUNDLES = '/mnt/session/uploads/.repositories';
const SCRIPT_MS = 10 * 60_000;
/** A repository that could not be had is asked for again after this long, or at once with another token. */
const FAILURE_MS = 60_000;
/** Sessions of which this process remembers what is placed. */
const REMEMBERED = 10_000;

interface Placing {
  done: Promise<RepositoryFailure | null>;
  waiting: number;
  abort: AbortController;
}

async function placeOne(
  source: RepositorySource,
  sandbox: Sandbox,
  repository: Repository,
  files: readonly AttachedFile[],
  signal: AbortSignal,
): Promise<RepositoryFailure | null> {
  const { id, url, token, checkout } = repository;
  const look = { type: 'read', path: repositoryMark(id) } as const;
  const mark = await sandbox.call({ id: `${id}-look-${randomUUID()}`, operation: look }, 'start', signal);
  if (mark.state === 'finished' && !mark.result.isError) return null;

  const fetched = await source.fetch({ url, token, checkout }, signal);
  if (fetched.state === 'failed') return fetched.failure;
  const { sha256, open, release } = fetched.repository;
  const path = `${BUNDLES}/${id}.bundle`;
  try {
    await attachWhatFits(sandbox, [...files, { path, sha256, open }]);
    const command = repositoryScript(repository, path);
    const operation = { type: 'bash', command, timeoutMs: SCRIPT_MS } as const;
    const call = { id: `${id}-${sha256.slice(0, 24)}`, operation };
    let outcome = await sandbox.call(call, 'start', signal);
    // The script makes the folder as a whole or not at all: unlike a command of the agent's, it may run again.
    if (outcome.state === 'lost')
      outcome = await sandbox.call({ id: `${id}-again-${randomUUID()}`, operation }, 'start', signal);
    await attachWhatFits(sandbox, files);
    if (outcome.state === 'lost') return { kind: 'clone', message: outcome.reason };
    const { isError, text } = outcome.result;
    return isError
      ? { kind: 'clone', message: `it could not be unpacked: ${text.trim().slice(-500)}` }
      : null;
  } finally {
    release();
  }
}

function toError({ url, mountPath }: Repository, { kind, message }: RepositoryFailure): SessionError {
  return {
    type: `repository_${kind}_error`,
    message: `The repository ${url} is not at ${mountPath}: ${message}`,
    repository_url: url,
    retry_status: { type: 'retrying' },
  };
}

export function createRepositoryPlacer(deps: RepositoryPlacerDeps): RepositoryPlacer {
  const placed = new Set<string>();
  const placings = new Map<string, Placing>();
  const failures = new Map<string, { at: number; message: string }>();

  /** Waits for a placing that several calls share; it is given up when none of them waits any more. */
  async function wait(key: string, placing: Placing, signal: AbortSignal): Promise<RepositoryFailure | null> {
    placing.waiting++;
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    try {
      signal.throwIfAborted();
      return await Promise.race([placing.done, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      placing.waiting--;
      if (placing.waiting === 0 && placings.get(key) === placing) {
        placings.delete(key);
        placing.abort.abort(signal.reason);
      }
    }
  }

  function begin(key: string, work: (signal: AbortSignal) => Promise<RepositoryFailure | null>): Placing {
    const known = placings.get(key);
    if (known !== undefined) return known;
    const abort = new AbortController();
    const done = work(abort.signal).finally(() => placings.delete(key));
    done.catch(() => undefined);
    const placing = { done, waiting: 0, abort };
    placings.set(key, placing);
    return placing;
  }

  return {
    async place(sandbox, files, signal) {
      const { spec } = sandbox;
      const errors: SessionError[] = [];
      for (const repository of await deps.repositoriesOf(spec)) {
        const key = `${spec.sessionId}/${repository.id}`;
        if (placed.has(key)) continue;
        // Another token is another try.
        const attempt = `${key}/${repository.updatedAt}`;
        const before = failures.get(attempt);
        if (before !== undefined && Date.now() - before.at < FAILURE_MS) continue;
        const placing = begin(attempt, (own) => placeOne(deps.source, sandbox, repository, files, own));
        const failure = await wait(attempt, placing, signal);
        if (failure === null) {
          if (placed.size >= REMEMBERED) placed.clear();
          placed.add(key);
          failures.delete(attempt);
          continue;
        }
        const told = failures.get(attempt);
        if (failures.size >= REMEMBERED) failures.clear();
        failures.set(attempt, { at: Date.now(), message: failure.message });
        if (told?.message !== failure.message) errors.push(toError(repository, failure));
      }
      return errors;
    },
  };
}
