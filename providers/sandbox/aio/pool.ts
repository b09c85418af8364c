import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

import { AppError } from '../../../core/errors.ts';
import { AioFailure, type AioApi } from './api.ts';

/** Where in a container it is written whose it is. */
const OWNER_FILE = '.managed-agent-owner';

const infoSchema = z.object({
  session_id: z.string(),
  stdout: z.string().nullish(),
  exit_code: z.number().nullish(),
});

/** Which container serves which session. */
export interface AioContainers {
  /**
   * The base URL for a session. The first call decides; a later one decides again where another session has the container now, since it was
   * made anew meanwhile, or it is no longer in the pool. Rejects with `sandbox_unavailable` when every container is taken, and as
   * requests do when the session's own cannot be reached.
   */
  urlOf(sessionId: string): Promise<string>;
  /** The base URL that was decided, or undefined. */
  known(sessionId: string): string | undefined;
  /** Whether the container that was decided is still the session's. */
  isOwn(sessionId: string): Promise<boolean>;
}

export interface AioContainersDeps {
  /** A URL with `{session_id}`, or a list of URLs. */
  urls: string | readonly string[];
  connect(url: string): AioApi;
  /** File that notes the decision for a session. */
  noteFile(sessionId: string): string;
}

/**
 * A container serves one session and no other: an agent is root in it and may have left anything. With a template whoever made the URL
 * sees to that. In a pool the session writes its name into the container, which only the first can, and nothing ever takes it out:
 * a container is free again when it was made anew.
 */
export function createAioContainers(deps: AioContainersDeps): AioContainers {
  function known(sessionId: string): string | undefined {
    const file = deps.noteFile(sessionId);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }
  function note(sessionId: string, url: string): string {
    const file = deps.noteFile(sessionId);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, url, { mode: 0o600 });
    return url;
  }
  async function exec(url: string, command: string): Promise<string> {
    const api = deps.connect(url);
    const answer = await api.call('POST', '/v1/bash/exec', infoSchema, { command });
    api.call('POST', `/v1/bash/sessions/${answer.session_id}/close`, z.unknown(), {}).catch(() => undefined);
    return (answer.stdout ?? '').trim();
  }
  /** Whose a container is; empty when it is free. */
  const ownerOf = (url: string): Promise<string> =>
    exec(url, `readlink "$HOME/${OWNER_FILE}" 2>/dev/null; true`);
  /** Takes a container unless somebody has it; whose it is then. A link is made together with its content, and by one only. */
  const take = (url: string, sessionId: string): Promise<string> =>
    exec(url, `ln -s '${sessionId}' "$HOME/${OWNER_FILE}" 2>/dev/null; readlink "$HOME/${OWNER_FILE}"`);

  /** The container of a pool that the session has, or a free one. */
  async function choose(pool: readonly string[], sessionId: string): Promise<string> {
    const owners = await Promise.allSettled(pool.map(ownerOf));
    const failed = owners.find((row) => row.status === 'rejected' && row.reason instanceof AioFailure);
    if (failed?.status === 'rejected') throw failed.reason;
    const own = owners.findIndex((row) => row.status === 'fulfilled' && row.value === sessionId);
    if (own !== -1) return pool[own] ?? '';
    for (const [index, url] of pool.entries()) {
      const owner = owners[index];
      if (owner?.status !== 'fulfilled' || owner.value !== '') continue;
      if ((await take(url, sessionId)) === sessionId) return url;
    }
    const unreachable = owners.filter(({ status }) => status === 'rejected').length;
    throw new AppError(
      'sandbox_unavailable',
      `No AIO Sandbox is free: of ${pool.length} in sandbox.aio_pool ${unreachable} cannot be reached, the others have served a session. Make containers anew, or add some.`,
    );
  }

  return {
    known,
    async urlOf(sessionId) {
      if (typeof deps.urls === 'string') {
        return note(sessionId, deps.urls.replaceAll('{session_id}', encodeURIComponent(sessionId)));
      }
      const decided = known(sessionId);
      // One that cannot be reached may come back with all that it holds; one that was taken out of the pool does not.
      if (decided !== undefined && deps.urls.includes(decided)) {
        if ((await take(decided, sessionId)) === sessionId) return decided;
      }
      return note(sessionId, await choose(deps.urls, sessionId));
    },
    async isOwn(sessionId) {
      const url = known(sessionId);
      if (url === undefined) return false;
      return typeof deps.urls === 'string' || (await ownerOf(url)) === sessionId;
    },
  };
}
