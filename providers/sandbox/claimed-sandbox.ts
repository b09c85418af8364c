import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError, isAppError } from '../../core/errors.ts';
import { isRecordName, type Claims } from './claims.ts';
import type {
  CallOutcome,
  Sandbox,
  SandboxArchive,
  SandboxCall,
  SandboxFiles,
  SandboxSpec,
} from './sandbox.ts';
import {
  SandboxGoneError,
  SandboxProtocolError,
  SandboxSilentError,
  type SandboxdClient,
  type SandboxdView,
} from './sandboxd-client.ts';

/** How long one request waits for the end of a call. */
const WAIT_MS = 20_000;
/** Connections that may break in a row before the sandbox counts as unreachable. */
const ATTEMPTS = 6;

export const ABANDONED_REASON = 'The call was ended before it started, and will not start any more.';

/** Says of a sandbox that went away that the call was claimed before: it may have begun, and may still run. */
function mayHaveBegun(error: unknown): unknown {
  if (!isAppError(error) || error.code !== 'sandbox_unavailable') return error;
  return new AppError(error.code, error.message, {
    details: { ...error.details, begun: true },
    cause: error,
  });
}

/** What a launcher gives: the ways to its sandboxd. */
export interface ClaimedSandboxDeps {
  spec: SandboxSpec;
  claims: Claims;
  /** Makes the folders of the sandbox that lie on this host. */
  prepare(): Promise<void>;
  /** The client of the running sandbox; starts it where it does not run. Rejects with `sandbox_unavailable`. */
  reach(): Promise<SandboxdClient>;
  /** The client of the sandbox if it runs. */
  find(): Promise<SandboxdClient | undefined>;
  /** A connection failed: the next `reach` must look again. */
  suspect(client: SandboxdClient): void;
  /** The sandbox runs and answers nobody: ends it, unless that was done already, so that the next `reach` starts it anew. */
  end(client: SandboxdClient): Promise<void>;
  files: SandboxFiles;
  /** Absent where what it keeps cannot be saved. */
  archive?: SandboxArchive;
}

/** A sandbox whose calls are decided by the host's claims and run by a sandboxd. */
export function createClaimedSandbox(deps: ClaimedSandboxDeps): Sandbox {
  const { claims } = deps;

  /** A call that was sent to a place which is lost may have run there: it is not started in another. */
  async function begin(
    client: SandboxdClient,
    { id, operation }: SandboxCall,
    asked: 'start' | 'resume',
    signal: AbortSignal,
  ): Promise<SandboxdView> {
    const { generation } = client;
    const sent = asked === 'start' && generation !== undefined ? claims.sendTo(id, generation) : undefined;
    const mode = sent === undefined || sent.place === generation ? asked : 'resume';
    try {
      return await client.begin(id, { operation, mode, wait_ms: WAIT_MS }, signal);
    } catch (error) {
      if (sent?.isNew === true && error instanceof SandboxGoneError) claims.notSent(id);
      throw error;
    }
  }

  /** Speaks with sandboxd until the call has an end, across its restarts and the sandbox's. Every request may be sent twice. */
  async function follow(
    call: SandboxCall,
    mode: 'start' | 'resume',
    signal: AbortSignal,
  ): Promise<CallOutcome> {
    let isBegun = false;
    for (let failures = 0; ;) {
      const client = await deps.reach();
      let view: SandboxdView;
      try {
        if (!isBegun && claims.isForbidden(call.id)) await client.kill(call.id);
        view = isBegun
          ? await client.wait(call.id, WAIT_MS, signal)
          : await begin(client, call, mode, signal);
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        if (isAppError(error)) throw error;
        failures++;
        // The next one finds the record of the call, and tells that it was lost.
        if (error instanceof SandboxSilentError && failures < ATTEMPTS) {
          await deps.end(client);
          isBegun = false;
          continue;
        }
        if (error instanceof SandboxProtocolError || failures >= ATTEMPTS) {
          deps.suspect(client);
          const reason = error instanceof Error ? error.message : String(error);
          throw new AppError('sandbox_unavailable', `The sandbox cannot be reached: ${reason}`, {
            cause: error,
          });
        }
        deps.suspect(client);
        isBegun = false;
        await delay(20 * 2 ** failures, undefined, { signal });
        continue;
      }
      switch (view.state) {
        case 'finished':
          return { state: 'finished', result: view.result };
        case 'lost':
          return { state: 'lost', reason: view.reason };
        case 'conflict':
          throw new AppError('conflict', `The call id ${call.id} was used for another operation.`);
        case 'running':
          isBegun = true;
          break;
        case 'unknown':
          isBegun = false;
          break;
      }
    }
  }

  async function kill(id: string): Promise<void> {
    const { standing, isNew } = claims.decide(id, 'abandoned');
    if (isNew || standing === 'abandoned') return;
    // First the mark, then the look: a start that comes between them finds the mark.
    claims.forbid(id);
    const client = await deps.find();
    if (client === undefined) return;
    try {
      await client.kill(id);
    } catch (error) {
      if (error instanceof SandboxSilentError) return deps.end(client);
      deps.suspect(client);
      // A sandbox that ended meanwhile took the call with it; one that runs must hear the kill.
      const again = await deps.find();
      if (again === undefined) return;
      if (error instanceof SandboxProtocolError)
        throw new AppError('sandbox_unavailable', error.message, { cause: error });
      await again.kill(id);
    }
  }

  function checkId(id: string): void {
    if (isRecordName(id)) return;
    throw new AppError(
      'invalid_request',
      `A call id has 1 to 128 characters of A-Z a-z 0-9 _ -, not ${JSON.stringify(id)}.`,
    );
  }

  return {
    spec: deps.spec,
    async announce(id) {
      checkId(id);
      if (!existsSync(claims.folder)) await deps.prepare();
      claims.announce(id);
    },
    isAnnounced: async (id) => isRecordName(id) && claims.isAnnounced(id),
    async call(call, mode, signal = new AbortController().signal) {
      signal.throwIfAborted();
      checkId(call.id);
      // Before the claim, so that a sandbox that can't be had leaves no claim behind.
      if (mode === 'start' || claims.isAnnounced(call.id)) await deps.reach();
      const isStart = mode === 'start' || claims.isAnnounced(call.id);
      const { standing } = claims.decide(call.id, isStart ? 'start' : 'abandoned');
      if (standing === 'abandoned') return { state: 'lost', reason: ABANDONED_REASON };
      try {
        return await follow(call, isStart ? 'start' : 'resume', signal);
      } catch (error) {
        if (signal.aborted) await kill(call.id);
        signal.throwIfAborted();
        throw mayHaveBegun(error);
      }
    },
    kill,
    files: deps.files,
    ...(deps.archive === undefined ? {} : { archive: deps.archive }),
  };
}
