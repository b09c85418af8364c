import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { z } from 'zod';

import { commandScript } from '../../../sandboxd/shell-script.ts';
import { readProcess } from '../../../sandboxd/processes.ts';
import { renderOutput } from '../../../sandboxd/render-output.ts';
import { processPlace } from '../../host/process-place.ts';
import type { OperationResult, SandboxOperation } from '../operation.ts';
import { SandboxProtocolError, type SandboxdClient, type SandboxdView } from '../sandboxd-client.ts';
import { AioFailure } from './api.ts';
import { createAioArchives } from './archives.ts';
import { GuardError, viewSchema, type GuardView } from './guard.ts';
import type { AioOperationDeps } from './operation-deps.ts';
import { performHeld } from './operations.ts';

const outputsSchema = z.object({
  files: z.array(z.object({ path: z.string(), bytes: z.number(), modifiedMs: z.number() })),
  more: z.boolean(),
});
const lookSchema = z.object({ kind: z.enum(['file', 'folder', 'kernel', 'other']) });
const restartSchema = z.object({ count: z.number() });

/** What an operation of AIO's endpoints takes at most, besides the time that it names. */
const HELD_SECONDS = 90;
/** One request waits for this long at most; a proxy between may allow no more. */
const LONGEST_WAIT_MS = 20_000;
const HELD_POLL_MS = 200;
const CUT_OFF =
  'The call was cut off while it ran. Whether, or how far, it took effect is unknown; look before you do it again.';

const READ_ONLY: ReadonlySet<SandboxOperation['type']> = new Set(['read', 'glob', 'grep']);

/** Whether doing it twice is the same as doing it once. */
function isReadOnly(operation: SandboxOperation): boolean {
  return READ_ONLY.has(operation.type) || (operation.type === 'mcp' && operation.mcp.do === 'list');
}

/** What the caller allows an operation to take, milliseconds. */
function allowedMs(operation: SandboxOperation): number {
  if (operation.type === 'code') return operation.timeoutMs;
  return operation.type === 'mcp' && operation.mcp.do === 'call' ? operation.mcp.timeoutMs : 0;
}

/** Whose held calls are whose: this process, told apart from others and from an earlier one of its number. */
const OWNER = JSON.stringify([processPlace(), process.pid, readProcess(process.pid)?.startTime ?? '']);

/** Whether the process that holds a call is known to be gone. Of those of other machines and containers nothing is known. */
function isGone(owner: string): boolean {
  const parsed = z.tuple([z.string(), z.number(), z.string()]).safeParse(JSON.parse(owner));
  if (!parsed.success) return true;
  const [place, pid, startTime] = parsed.data;
  return place === processPlace() && readProcess(pid)?.startTime !== startTime;
}

/** The held calls of this process, by their records: a connection that is made anew finds what an earlier one began. */
const held = new Map<string, { cancel: AbortController; end: Promise<SandboxdView> }>();
/** How many requests of this process ask to begin a record now: one of them may be told that it won, a moment after another saw it held. */
const beginning = new Map<string, number>();

export interface AioClientDeps extends AioOperationDeps {
  outputs: string;
  uploads: string;
  environment: Record<string, string>;
  outputFileBytes: number;
  /** The folders that are saved, by their names in archives. */
  kept: Readonly<Record<string, string>>;
  /** Names the container. */
  generation: string;
}

/**
 * Speaks with an AIO Sandbox as others speak with sandboxd. Commands are claimed, run and recorded by the guard inside; what AIO's own
 * endpoints do is claimed there too, done from here, and its result recorded there: a process that dies in between leaves a call that
 * is lost.
 */
export function createAioClient(deps: AioClientDeps): SandboxdClient {
  const { api, guard, root } = deps;
  const nameOf = (id: string): string => `${root} ${id}`;

  async function toView(id: string, view: GuardView): Promise<SandboxdView> {
    switch (view.state) {
      case 'result':
        return { state: 'finished', result: view.result };
      case 'command': {
        const keptAt = `${deps.toolOutputs}/${id}.txt`;
        const [head, tail] = [Buffer.from(view.head, 'base64'), Buffer.from(view.tail, 'base64')];
        const { total, inFile, code, endedBy } = view;
        const shown = renderOutput({ head, tail: () => tail, total, inFile }, deps.outputCharacters, keptAt);
        if (shown.preview) await guard.ask('keep', z.unknown(), { id, target: keptAt });
        const result: OperationResult = {
          text: shown.text,
          isError: code !== 0 || endedBy !== 'exit',
          exit: { code, endedBy },
          output: { bytes: shown.bytes, path: shown.preview ? keptAt : null },
        };
        return { state: 'finished', result };
      }
      case 'won':
      case 'held':
        return { state: 'running' };
      case 'lost':
        return view;
      default:
        return { state: view.state };
    }
  }

  /** Does a claimed operation and records its end. What stands is what counts: the call may have been lost meanwhile. */
  function perform(
    id: string,
    operation: Exclude<SandboxOperation, { type: 'bash' }>,
  ): Promise<SandboxdView> {
    const cancel = new AbortController();
    const end = (async (): Promise<SandboxdView> => {
      let ended: { state: 'result'; result: OperationResult } | { state: 'lost'; reason: string };
      try {
        const result =
          operation.type === 'restart' ? await restart() : await performHeld(deps, operation, cancel.signal);
        ended = { state: 'result', result };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        ended = { state: 'lost', reason: `${CUT_OFF} (${reason})` };
      }
      return toView(id, await guard.ask('finish', viewSchema, { id, end: ended }));
    })().finally(() => held.delete(nameOf(id)));
    end.catch(() => undefined);
    held.set(nameOf(id), { cancel, end });
    return end;
  }

  async function restart(): Promise<OperationResult> {
    const { count } = await guard.ask('restart', restartSchema);
    return { text: `The shell was restarted; ${count} background processes were ended.`, isError: false };
  }

  /** What became of a call that another process does, or did. */
  async function followHeld(id: string, view: Extract<GuardView, { state: 'held' }>, waitMs: number) {
    const isOrphan = view.owner === OWNER && !beginning.has(nameOf(id)) && !held.has(nameOf(id));
    if (isOrphan || isGone(view.owner) || view.now > view.deadline) {
      const end = { state: 'lost', reason: CUT_OFF };
      return toView(id, await guard.ask('finish', viewSchema, { id, end }));
    }
    await delay(Math.min(waitMs, HELD_POLL_MS));
    return { state: 'running' } as const;
  }

  async function within(
    end: Promise<SandboxdView>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<SandboxdView> {
    const over = new AbortController();
    const late = delay(waitMs, { state: 'running' } as const, {
      signal: AbortSignal.any([signal, over.signal]),
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([end, late]);
    } finally {
      over.abort();
    }
  }

  async function place(path: string, mode: number, content: Readable): Promise<void> {
    const temporary = `${root}/upload-${randomUUID()}`;
    try {
      await api.upload(temporary, content);
      await guard.ask('place', z.unknown(), { temporary, target: path, mode });
    } catch (error) {
      if (!(error instanceof GuardError) && !(error instanceof AioFailure)) throw error;
      throw new SandboxProtocolError(error.message, { cause: error });
    }
  }

  return {
    async status() {
      await guard.ask('wait', viewSchema, { id: 'nothing', seconds: 0 });
      return { boot: 'aio', running: [...held.keys()].filter((name) => name.startsWith(`${root} `)).length };
    },
    async begin(id, { operation, mode, wait_ms: waitMs }, signal) {
      const hash = createHash('sha256').update(JSON.stringify(operation)).digest('hex');
      const wait = Math.min(waitMs, LONGEST_WAIT_MS);
      const request =
        operation.type === 'bash'
          ? {
              kind: 'command',
              command: operation.command,
              script: commandScript(`${root}/shell`, id, deps.workdir),
              environment: deps.environment,
              timeout: operation.timeoutMs / 1_000,
              fileBytes: deps.outputFileBytes,
              headBytes: deps.outputCharacters * 4,
            }
          : {
              kind: 'held',
              owner: OWNER,
              seconds: HELD_SECONDS + allowedMs(operation) / 1_000,
            };
      const name = nameOf(id);
      beginning.set(name, (beginning.get(name) ?? 0) + 1);
      let view: GuardView;
      try {
        view = await guard.ask('begin', viewSchema, { id, mode, hash, ...request }, { signal, waitMs: wait });
      } finally {
        const others = (beginning.get(name) ?? 1) - 1;
        if (others > 0) beginning.set(name, others);
        else beginning.delete(name);
      }
      const known = held.get(nameOf(id));
      if (view.state === 'held' && known !== undefined) return within(known.end, wait, signal);
      if (operation.type === 'bash') return toView(id, view);
      // What changes nothing is simply done again.
      const isAgain = view.state === 'held' && isReadOnly(operation);
      if (view.state === 'won' || isAgain) return within(perform(id, operation), wait, signal);
      return view.state === 'held' ? followHeld(id, view, wait) : toView(id, view);
    },
    async wait(id, waitMs, signal) {
      const wait = Math.min(waitMs, LONGEST_WAIT_MS);
      const known = held.get(nameOf(id));
      if (known !== undefined) return within(known.end, wait, signal);
      const look = { id, seconds: wait / 1_000 };
      const view = await guard.ask('wait', viewSchema, look, { signal, waitMs: wait });
      return view.state === 'held' ? followHeld(id, view, wait) : toView(id, view);
    },
    async kill(id) {
      await guard.ask('kill', z.unknown(), { id });
      held.get(nameOf(id))?.cancel.abort();
    },
    outputs: () => guard.ask('outputs', outputsSchema, { folder: deps.outputs }),
    async read(path) {
      try {
        const { kind } = await guard.ask('look', lookSchema, { path });
        if (kind !== 'file') throw new SandboxProtocolError('it is not a regular file');
        return await api.stream(`/v1/file/download?path=${encodeURIComponent(path)}`);
      } catch (error) {
        if (!(error instanceof GuardError) && !(error instanceof AioFailure)) throw error;
        throw new SandboxProtocolError(error.message, { cause: error });
      }
    },
    write: place,
    async writeMany(files) {
      for (const { path, mode, open } of files) await place(path, mode, await open());
    },
    async remove(path) {
      await guard.ask('remove', z.unknown(), { path });
    },
    upload: (path, content) => place(`${deps.uploads}/${path}`, 0o444, content),
    async removeUpload(path) {
      await guard.ask('remove', z.unknown(), { path: `${deps.uploads}/${path}` });
    },
    async keepOutput(name, text) {
      const path = `${deps.toolOutputs}/${name}.txt`;
      await place(path, 0o444, Readable.from([Buffer.from(text.toWellFormed())]));
      return path;
    },
    ...createAioArchives({ api, guard, root, folders: deps.kept }),
    generation: deps.generation,
    close() {},
  };
}
