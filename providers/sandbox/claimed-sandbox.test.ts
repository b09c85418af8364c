import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import { createClaimedSandbox } from './claimed-sandbox.ts';
import { createClaims } from './claims.ts';
import { SandboxSilentError, type SandboxdClient } from './sandboxd-client.ts';

describe('a sandbox that goes away', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'claimed-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const call = { id: 'sevt_1', operation: { type: 'bash', command: 'true', timeoutMs: 1_000 } } as const;
  const missing = new AppError('sandbox_unavailable', 'It cannot be started.');
  const never = (): never => {
    throw new Error('not asked in this test');
  };

  /** `reaches`: how often it can be reached before it is gone. */
  function sandbox(reaches: number) {
    let left = reaches;
    const client = { begin: () => Promise.reject(new Error('ECONNRESET')) } as Partial<SandboxdClient>;
    return createClaimedSandbox({
      spec: { workspaceId: 'w', sessionId: 's', environmentId: 'e' },
      claims: createClaims(folder),
      reach: async () => {
        if (left-- === 0) throw missing;
        return client as SandboxdClient;
      },
      find: async () => undefined,
      prepare: async () => undefined,
      suspect: () => undefined,
      end: async () => undefined,
      files: { attach: never, outputs: never, keepOutput: never, openOutput: never },
    });
  }

  it('before a call is claimed leaves no claim, and says nothing of a beginning', async () => {
    const failure: unknown = await sandbox(0)
      .call(call, 'start')
      .catch((error: unknown) => error);
    expect(failure).toBe(missing);
    expect(createClaims(folder).decide(call.id, 'abandoned').isNew).toBe(true);
  });

  it('after a call was claimed says that it may have begun', async () => {
    const failure: unknown = await sandbox(2)
      .call(call, 'start')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'sandbox_unavailable', details: { begun: true } });
    expect(createClaims(folder).decide(call.id, 'abandoned').standing).toBe('start');
  });

  it('that answers nobody is ended, and the next one tells what became of the call', async () => {
    const said: string[] = [];
    const silent = { begin: () => Promise.reject(new SandboxSilentError('nothing')) };
    const next = { begin: async () => ({ state: 'lost', reason: 'the sandbox was ended' }) };
    let client = silent as Partial<SandboxdClient> as SandboxdClient;
    const outcome = await createClaimedSandbox({
      spec: { workspaceId: 'w', sessionId: 's', environmentId: 'e' },
      claims: createClaims(folder),
      reach: async () => client,
      find: async () => client,
      prepare: async () => undefined,
      suspect: never,
      async end(stuck) {
        said.push(stuck === client ? 'ended' : 'another one was ended');
        client = next as Partial<SandboxdClient> as SandboxdClient;
      },
      files: { attach: never, outputs: never, keepOutput: never, openOutput: never },
    }).call(call, 'start');
    expect(said).toEqual(['ended']);
    expect(outcome).toEqual({ state: 'lost', reason: 'the sandbox was ended' });
  });
});
