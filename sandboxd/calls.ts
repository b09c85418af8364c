import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { BrowserAction } from '../providers/sandbox/browser-action.ts';
import type { EndedBy, OperationResult, SandboxOperation } from '../providers/sandbox/operation.ts';
import type { Background } from './background.ts';
import type { BrowserHost } from './browser-host.ts';
import { cutHead } from './clean-text.ts';
import {
  adoptCommand,
  dropBackground,
  startCommand,
  type CommandDeps,
  type RunningCommand,
} from './command.ts';
import { endCode } from './code/end-code.ts';
import type { Holder, Kernels, Language } from './code/kernels.ts';
import { descendantsOf } from './family/descendants.ts';
import { endProcesses } from './family/end-processes.ts';
import { straysOf } from './family/strays.ts';
import { isReadOnly, performFileOperation, type OperationDeps } from './operations.ts';
import type { Pipes } from './pipes.ts';
import { carriesMark, listProcesses, readProcess, signalQuietly, type ProcessRow } from './processes.ts';
import { ABANDONED, RUNNER_GONE, SANDBOX_GONE } from './lost-reasons.ts';
import type { CallEnd, Records } from './record.ts';
import { commandScript } from './shell-script.ts';
import { forgetShellState, promoteShellState } from './shell-state.ts';

/** What callers see of a call. `conflict`: the id names another operation. */
export type CallView = CallEnd | { state: 'running' } | { state: 'unknown' } | { state: 'conflict' };

export interface CallsDeps extends OperationDeps {
  records: Records;
  pipes: Pipes;
  browser: BrowserHost | null;
  background: Background;
  /** The beginning of every script: it gives the shell the environment of commands. */
  prelude: string;
  kernels: Kernels;
  /** Keeps a text where the agent can read it; returns its path as the agent sees it. */
  keepOutput(name: string, text: string): string;
  boot: string;
  processes: 'all' | 'own';
  /** Folder with the host's own claims. */
  claims: string;
  /** As sandboxd sees it, and as the agent does. */
  outputs: { folder: string; shownAt: string };
  outputFileBytes: number;
  shellFolder: string;
  /** A sentence for the first command after a restart of the sandbox; empty the first time. */
  restartNotice: string;
  /** Removes the oldest kept outputs where they take too much. Returns a notice of it, empty where none was removed. */
  pruneOutputs(): string;
  /** Removes what is over the disk limit. Returns a notice of what was removed, empty where nothing was. */
  makeRoom(): Promise<string>;
  log(message: string): void;
}

interface Running {
  operation: SandboxOperation;
  settled: Promise<CallEnd>;
  /** Unix milliseconds. */
  startedAt: number;
  command?: RunningCommand;
  cancel: AbortController;
}

/** The calls of this sandbox. */
export interface Calls {
  /** Claims and starts, or attaches. */
  start(id: string, operation: SandboxOperation): CallView;
  /** Attaches; an id that nobody claimed is abandoned first. */
  resume(id: string, operation: SandboxOperation): CallView;
  /** Waits at most `milliseconds` for the end. */
  wait(id: string, milliseconds: number): Promise<CallView>;
  kill(id: string): void;
  /** Ends all commands because a limit of the sandbox was reached. */
  endCommands(reason: EndedBy): void;
  /** Whether processes run that no call owns. */
  hasBackground(): boolean;
  /** Ends the processes that no call owns. `notice` goes before the output of the next command. */
  endBackground(notice: string): void;
  /** Puts a notice before the output of the next command; an empty one says nothing. */
  announce(notice: string): void;
  runningCount(): number;
  /** How many calls this sandboxd has begun or taken up. */
  startedCount(): number;
  /** Takes up what an earlier sandboxd left. */
  recover(): Promise<void>;
}

const BACKGROUND_PASSES = 20;
/** The end of the name of an output that is being gathered. */
const GATHERING = '.running';
export function createCalls(deps: CallsDeps): Calls {
  const { records } = deps;
  const running = new Map<string, Running>();
  const ownSession = readProcess(process.pid)?.session;
  let { restartNotice } = deps;
  let started = 0;
  /** When a call of each language ended last, in Unix milliseconds. */
  const codeEnds = new Map<Language, number>();

  const spoolFileOf = (id: string): string => join(deps.outputs.folder, `${id}${GATHERING}`);
  const commandDeps = (id: string): CommandDeps => ({
    pipes: deps.pipes,
    spoolFile: spoolFileOf(id),
    outputFileBytes: deps.outputFileBytes,
    noteEnding: (reason) => records.noteEnding(id, reason),
  });

  /** The command was ended since the disk is full; its result must not be lost as well when making room fails. */
  function roomNotice(): Promise<string> {
    return deps.makeRoom().catch((error: unknown) => {
      deps.log(`no room could be made: ${String(error)}`);
      return '';
    });
  }

  /** Waits for a command and turns what it left into a result. */
  async function commandResult(id: string, command: RunningCommand): Promise<OperationResult> {
    const code = await command.ended;
    if (code === null)
      await endProcesses((rows) => straysOf(rows, backgroundProcesses(rows), command.runner.startTime));
    promoteShellState(deps.asAgent, deps.shellFolder, id);
    const file = `${id}.txt`;
    const rendered = command.spool.render(deps.outputCharacters, join(deps.outputs.shownAt, file));
    if (rendered.preview) command.spool.keep(join(deps.outputs.folder, file));
    else command.spool.close();
    const endedBy = records.endedBy(id) ?? (code === null ? 'kill' : 'exit');
    const notices = [restartNotice, rendered.preview ? deps.pruneOutputs() : ''];
    restartNotice = '';
    if (endedBy === 'limit') notices.push(await roomNotice());
    const notice = notices.filter((one) => one !== '').join('\n');
    return {
      text: notice === '' ? rendered.text : `${notice}\n${rendered.text}`,
      isError: code !== 0 || endedBy !== 'exit',
      exit: { code, endedBy },
      output: { bytes: rendered.bytes, path: rendered.preview ? join(deps.outputs.shownAt, file) : null },
    };
  }

  /** Processes that no running call owns. */
  function backgroundProcesses(rows = listProcesses()): ProcessRow[] {
    const runners = [...running.values()].flatMap(({ command }) =>
      command === undefined ? [] : [command.runner.pid],
    );
    const owned = new Set(descendantsOf(rows, runners).map((row) => row.pid));
    for (const pid of runners) owned.add(pid);
    return rows.filter((row) => {
      if (row.pid === process.pid || row.parent === process.pid || owned.has(row.pid)) return false;
      return deps.processes === 'all'
        ? row.pid !== 1 && row.session !== ownSession
        : carriesMark(row.pid, deps.boot);
    });
  }

  function announce(notice: string): void {
    restartNotice = [restartNotice, notice].filter((one) => one !== '').join('\n');
  }

  function restart(): OperationResult {
    forgetShellState(deps.asAgent, deps.shellFolder);
    const doomed = backgroundProcesses();
    for (const row of doomed) signalQuietly(row.pid, 'SIGKILL');
    return {
      text: `The shell was restarted; ${doomed.length} background processes were ended.`,
      isError: false,
    };
  }

  /** A page can be as long as any output: what is too long goes to a file. */
  async function performBrowser(
    id: string,
    action: BrowserAction,
    signal: AbortSignal,
  ): Promise<OperationResult> {
    if (deps.browser === null) return { text: 'There is no browser in this sandbox.', isError: true };
    const result = await deps.browser.perform(action, signal);
    if (result.text.length <= deps.outputCharacters) return result;
    const path = deps.keepOutput(id, result.text);
    const shown = cutHead(result.text, Math.floor(deps.outputCharacters * 0.3));
    const notice = `[${result.text.length} characters in all, shown is the beginning; the whole is saved at ${path}]`;
    return { ...result, text: `${shown}\n\n${notice}` };
  }

  async function perform(id: string, call: Running): Promise<OperationResult> {
    const { operation } = call;
    if (operation.type === 'restart') return restart();
    if (operation.type === 'browser') return performBrowser(id, operation.browser, call.cancel.signal);
    if (operation.type === 'process') return deps.background.perform(operation.process);
    if (operation.type === 'mcp') return { text: 'There are no MCP servers in this sandbox.', isError: true };
    if (operation.type !== 'bash' && operation.type !== 'code')
      return performFileOperation(deps, operation, call.cancel.signal);
    const isCode = operation.type === 'code';
    const script = isCode
      ? deps.kernels.script(operation.language)
      : commandScript(deps.shellFolder, id, deps.workdir);
    const request = {
      folder: records.folder(id),
      command: isCode ? operation.code : operation.command,
      script: `${deps.prelude}${script}`,
      prefix: deps.prefix,
      environment: deps.environment,
    };
    if (!isCode) {
      call.command = await startCommand(request, commandDeps(id));
      return follow(id, call, call.command, operation.timeoutMs);
    }
    const holder = await deps.kernels.ensure(operation.language);
    call.startedAt = Date.now();
    call.command = await startCommand(request, commandDeps(id));
    return followCode(id, call, call.command, { ...operation, holder });
  }

  async function followCode(
    id: string,
    call: Running,
    command: RunningCommand,
    { language, timeoutMs, holder }: { language: Language; timeoutMs: number; holder: Holder },
  ): Promise<OperationResult> {
    const result = await follow(id, call, command, timeoutMs);
    const sinceMs = Math.max(call.startedAt, codeEnds.get(language) ?? 0);
    codeEnds.set(language, Date.now());
    // The kernel runs one call after the other: one that waited behind another has started nothing.
    const hasWaited = [...running.values()].some(
      ({ operation, startedAt }) =>
        operation.type === 'code' && operation.language === language && startedAt < call.startedAt,
    );
    return hasWaited ? result : endCode(deps.kernels, { language, holder, result, sinceMs });
  }

  async function follow(
    id: string,
    call: Running,
    command: RunningCommand,
    timeoutMs: number,
  ): Promise<OperationResult> {
    const timer = setTimeout(() => command.end('timeout'), Math.max(0, timeoutMs));
    if (call.cancel.signal.aborted) command.end('kill');
    try {
      return await commandResult(id, command);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Registers a call whose work is `work`, and records its end, whatever it is. */
  function track(
    id: string,
    operation: SandboxOperation,
    work: (call: Running) => Promise<OperationResult>,
  ): void {
    const call: Running = {
      operation,
      startedAt: Date.now(),
      cancel: new AbortController(),
      settled: Promise.resolve({ state: 'lost', reason: '' }),
    };
    call.settled = (async (): Promise<CallEnd> => {
      let end: CallEnd;
      try {
        end = { state: 'finished', result: await work(call) };
      } catch (error) {
        deps.log(
          `call ${id} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
        end = {
          state: 'lost',
          reason: `${RUNNER_GONE} (${error instanceof Error ? error.message : 'unknown failure'})`,
        };
      }
      records.finish(id, end);
      // Not before: if this one is killed between the two, the next one makes the result of it.
      rmSync(spoolFileOf(id), { force: true });
      records.prune();
      running.delete(id);
      return end;
    })();
    running.set(id, call);
    started++;
  }

  function view(id: string, operation?: SandboxOperation): CallView {
    const call = running.get(id);
    const known = call?.operation ?? records.start(id)?.operation;
    if (operation !== undefined && known !== undefined && !isDeepStrictEqual(known, operation))
      return { state: 'conflict' };
    if (call !== undefined) return { state: 'running' };
    const end = records.end(id);
    if (end !== undefined) return end;
    if (!records.exists(id)) return { state: 'unknown' };
    // A claim of an earlier sandboxd that recovery did not take up: a search, or a file that was being read.
    if (known !== undefined && isReadOnly(known)) {
      track(id, known, (again) => perform(id, again));
      return { state: 'running' };
    }
    const lost: CallEnd = { state: 'lost', reason: SANDBOX_GONE };
    records.finish(id, lost);
    return lost;
  }

  return {
    start(id, operation) {
      if (existsSync(join(deps.claims, `${id}.abandoned`)) && records.abandon(id, ABANDONED)) {
        return { state: 'lost', reason: ABANDONED };
      }
      if (!running.has(id) && records.claim(id, { operation, boot: deps.boot, startedAt: Date.now() })) {
        track(id, operation, (call) => perform(id, call));
        return { state: 'running' };
      }
      return view(id, operation);
    },
    resume(id, operation) {
      if (!running.has(id) && records.abandon(id, ABANDONED)) return { state: 'lost', reason: ABANDONED };
      return view(id, operation);
    },
    async wait(id, milliseconds) {
      const call = running.get(id);
      if (call === undefined) return view(id);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<CallView>((resolve) => {
        timer = setTimeout(() => resolve({ state: 'running' }), milliseconds);
      });
      try {
        return await Promise.race([call.settled, late]);
      } finally {
        clearTimeout(timer);
      }
    },
    kill(id) {
      const call = running.get(id);
      if (call === undefined) {
        records.abandon(id, ABANDONED);
        return;
      }
      call.cancel.abort();
      call.command?.end('kill');
    },
    endCommands(reason) {
      for (const call of running.values()) call.command?.end(reason);
    },
    hasBackground: () => backgroundProcesses().length > 0,
    endBackground(notice) {
      // One pass may miss what was forked meanwhile.
      for (let pass = 0; pass < BACKGROUND_PASSES; pass++) {
        const doomed = backgroundProcesses();
        if (doomed.length === 0) break;
        for (const row of doomed) signalQuietly(row.pid, 'SIGKILL');
      }
      announce(notice);
    },
    announce,
    runningCount: () => running.size,
    startedCount: () => started,
    async recover() {
      for (const id of records.all()) dropBackground(records.folder(id));
      const gathered = new Set(readdirSync(deps.outputs.folder).filter((name) => name.endsWith(GATHERING)));
      for (const id of records.unfinished()) {
        const start = records.start(id);
        if (start === undefined) {
          records.finish(id, { state: 'lost', reason: SANDBOX_GONE });
          continue;
        }
        if (isReadOnly(start.operation)) continue;
        if (
          (start.operation.type !== 'bash' && start.operation.type !== 'code') ||
          start.boot !== deps.boot
        ) {
          records.finish(id, {
            state: 'lost',
            reason: start.boot === deps.boot ? RUNNER_GONE : SANDBOX_GONE,
          });
          continue;
        }
        const { timeoutMs } = start.operation;
        const adoption = await adoptCommand(records.folder(id), commandDeps(id));
        if (adoption.state === 'gone') {
          records.finish(id, { state: 'lost', reason: RUNNER_GONE });
          continue;
        }
        const { command } = adoption;
        gathered.delete(`${id}${GATHERING}`);
        const { operation, startedAt } = start;
        track(id, operation, async (call) => {
          Object.assign(call, { command, startedAt });
          const noted = records.endedBy(id);
          if (noted !== undefined) command.end(noted);
          const leftMs = startedAt + timeoutMs - Date.now();
          if (operation.type !== 'code') return follow(id, call, command, leftMs);
          const holder = await deps.kernels.ensure(operation.language);
          return followCode(id, call, command, { ...operation, timeoutMs: leftMs, holder });
        });
      }
      // Nobody asks for what these calls wrote any more.
      for (const name of gathered) rmSync(join(deps.outputs.folder, name), { force: true });
    },
  };
}
