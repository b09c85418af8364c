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
  /** The base URL for a session; the first call decides. Rejects with `sandbox_unavailable` when every container is taken. */
  urlOf(sessionId: string): Promise<string>;
  /** The base URL that was decided, or undefined. */
  known(sessionId: string): string | undefined;
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
  /** Takes a container unless somebody has it; whose it is then. */
  async function take(url: string, sessionId: string): Promise<string> {
    const api = deps.connect(url);
    // A link is made together with its content, and by one only.
    const command = `ln -s '${sessionId}' "$HOME/${OWNER_FILE}" 2>/dev/null; readlink "$HOME/${OWNER_FILE}"`;
    const answer = await api.call('POST', '/v1/bash/exec', infoSchema, { command });
    api.call('POST', `/v1/bash/sessions/${answer.session_id}/close`, z.unknown(), {}).catch(() => undefined);
    return (answer.stdout ?? '').trim();
  }

  return {
    known,
    async urlOf(sessionId) {
      const decided = known(sessionId);
      if (decided !== undefined) return decided;
      if (typeof deps.urls === 'string') {
        return note(sessionId, deps.urls.replaceAll('{session_id}', encodeURIComponent(sessionId)));
      }
      const unreachable: string[] = [];
      for (const url of deps.urls) {
        try {
          if ((await take(url, sessionId)) === sessionId) return note(sessionId, url);
        } catch (error) {
          if (error instanceof AioFailure) throw error;
          unreachable.push(url);
        }
      }
      throw new AppError(
        'sandbox_unavailable',
        `No AIO Sandbox is free: of ${deps.urls.length} in sandbox.aio_pool ${unreachable.length} cannot be reached, the others have served a session. Make containers anew, or add some.`,
      );
    },
  };
}
