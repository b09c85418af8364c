import { createHash } from 'node:crypto';
import { lookup } from 'mime-types';
import type { Logger } from 'pino';
import { isAppError } from '../../core/errors.ts';
import { fileNameOf } from '../../core/files/file-name.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { OutputFile, SandboxDriver, SandboxSpec } from '../../providers/sandbox/sandbox.ts';
import type { FileStore } from '../../providers/store/files.ts';
import { filesOfOutput, outputFileId } from '../../providers/store/output-file.ts';

/** After the last call of a burst. */
const SETTLE_MS = 750;
/** Sandboxes that are looked at at once after a start, when sessions go on that were under way. */
const AT_ONCE = 2;
/** Failures that concern one file. */
const PASSED_OVER: ReadonlySet<string> = new Set(['not_found', 'too_large', 'invalid_request']);
/** Outputs of all sessions that are remembered as they were; another one is read again, and then found to be stored already. */
const REMEMBERED = 100_000;

export interface OutputCollectorDeps {
  driver: Pick<SandboxDriver, 'open' | 'list'>;
  files: Pick<FileStore, 'get' | 'create' | 'list' | 'delete'>;
  blobs: Pick<BlobStore, 'putStream'>;
  /** What a session's sandbox is opened with; null for a session that is gone. */
  specOf(sessionId: string): Promise<SandboxSpec | null>;
  /** Of one file; larger ones stay in the sandbox. */
  maxFileBytes: number;
  /** Of all files of a workspace; what does not fit stays in the sandbox. */
  quotaBytes: number;
  /** When outputs expire; null: they go with their session. */
  expireAfterSeconds: number | null;
  log: Logger;
}

/**
 * Makes what agents leave in the outputs folder files of the session that the user can download. A changed file replaces the one that was
 * made of its path before. Everything may be done twice: a file's id follows from session, path and content.
 */
export interface OutputCollector {
  /** Collects from a sandbox soon; called after each tool call. */
  schedule(spec: SandboxSpec): void;
  collect(spec: SandboxSpec): Promise<void>;
  /** Collects from every sandbox that runs on this host: what a worker that died left uncollected. */
  collectAll(): Promise<void>;
  stop(): Promise<void>;
}

/** The output's own name; characters that not every system can hold are replaced. */
function nameOf(path: string): string {
  try {
    return fileNameOf(path, null);
  } catch {
    return (path.split('/').at(-1) ?? '').replace(/[^\w.-]/g, '_').slice(0, 200) || 'unnamed';
  }
}

export function createOutputCollector(deps: OutputCollectorDeps): OutputCollector {
  const { driver, files, blobs, log } = deps;
  const seen = new Map<string, Map<string, string>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let isStopped = false;

  function rememberedOf(sessionId: string): Map<string, string> {
    const known = seen.get(sessionId) ?? new Map<string, string>();
    seen.delete(sessionId);
    seen.set(sessionId, known);
    let rows = [...seen.values()].reduce((sum, { size }) => sum + size, 0);
    for (const [oldest, { size }] of seen) {
      if (rows <= REMEMBERED || oldest === sessionId) break;
      seen.delete(oldest);
      rows -= size;
    }
    return known;
  }
  /** A path may have thousands of characters. */
  const keyOf = (path: string): string => createHash('sha256').update(path).digest('base64url');

  async function store(spec: SandboxSpec, output: OutputFile): Promise<void> {
    const { workspaceId, sessionId } = spec;
    const content = await driver.open(spec).files.openOutput(output.path);
    const { sha256, bytes } = await blobs.putStream(workspaceId, content, deps.maxFileBytes);
    const id = outputFileId(sessionId, output.path, sha256, output.modifiedMs);
    const filename = nameOf(output.path);
    const versions = await filesOfOutput(files, spec, output.path);
    if (!versions.some((version) => version.sha256 === sha256)) {
      const mimeType = lookup(output.path) || 'application/octet-stream';
      const made = { id, workspaceId, sessionId, filename, mimeType, bytes, sha256, downloadable: true };
      await files.create({ ...made, expiresInSeconds: deps.expireAfterSeconds }, deps.quotaBytes);
    }
    for (const version of versions)
      if (version.sha256 !== sha256) await files.delete(workspaceId, version.id);
  }

  async function collect(spec: SandboxSpec): Promise<void> {
    const outputs = await driver.open(spec).files.outputs();
    if (outputs.length === 0) return;
    const known = rememberedOf(spec.sessionId);
    for (const output of outputs) {
      const state = `${output.bytes} ${output.modifiedMs}`;
      const key = keyOf(output.path);
      if (known.get(key) === state) continue;
      try {
        await store(spec, output);
        known.set(key, state);
      } catch (error) {
        // One that is gone again, is too large or has no room left must not keep the others from the user.
        if (!isAppError(error) || !PASSED_OVER.has(error.code)) throw error;
        log.warn(
          { session_id: spec.sessionId, path: output.path, err: error },
          'an output was not collected',
        );
        known.set(key, state);
      }
    }
  }

  function begin(spec: SandboxSpec): Promise<void> {
    const work = collect(spec)
      .catch((error: unknown) => {
        log.warn(
          { err: error, session_id: spec.sessionId },
          'collecting outputs failed; the next call tries again',
        );
      })
      .finally(() => running.delete(work));
    running.add(work);
    return work;
  }

  return {
    schedule(spec) {
      clearTimeout(timers.get(spec.sessionId));
      const timer = setTimeout(() => {
        timers.delete(spec.sessionId);
        void begin(spec);
      }, SETTLE_MS);
      timers.set(spec.sessionId, timer);
    },
    collect,
    async collectAll() {
      const found = (await driver.list()).filter(({ state }) => state === 'running').values();
      const one = async (): Promise<void> => {
        for (const { sessionId } of found) {
          if (isStopped) return;
          const spec = await deps.specOf(sessionId);
          if (spec !== null) await begin(spec);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    },
    async stop() {
      isStopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      await Promise.all(running);
    },
  };
}
