/**
 * The JavaScript of a sandbox's execute_code: one process that keeps its names from call to call, with top-level await. It listens on a
 * unix socket; see `client.ts` for what is said there.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { start, type REPLServer } from 'node:repl';
import { inspect } from 'node:util';
import { constants, Script } from 'node:vm';

interface Request {
  code: string;
  out: string;
  err: string;
}

const silent = new PassThrough();
/** An error that code throws goes to the domain of the evaluator, and not to its callback. */
type Evaluator = REPLServer & { _domain: { on(event: 'error', listener: (error: unknown) => void): void } };
const repl = start({
  input: new PassThrough(),
  output: silent,
  terminal: false,
  useGlobal: true,
  prompt: '',
}) as Evaluator;
silent.resume();
Object.assign(globalThis, { require: createRequire(join(process.cwd(), 'code.js')) });

let redirected: { out: number; err: number } | undefined;
/** Follows a call's code through its timers and promises. */
const callOf = new AsyncLocalStorage<number>();
let currentCall = 0;
/** What a timer of an earlier call writes has no reader: that call has its result. */
function redirect(stream: NodeJS.WriteStream, which: 'out' | 'err'): void {
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const call = callOf.getStore() ?? currentCall;
    if (redirected !== undefined && call === currentCall)
      writeSync(redirected[which], typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    const done = rest.findLast((value) => typeof value === 'function') as (() => void) | undefined;
    done?.();
    return true;
  };
}
redirect(process.stdout, 'out');
redirect(process.stderr, 'err');
process.on('uncaughtException', (error) => process.stderr.write(`${inspect(error)}\n`));
process.on('unhandledRejection', (reason) => process.stderr.write(`${inspect(reason)}\n`));

let fail: ((error: unknown) => void) | undefined;
repl._domain.on('error', (error) => fail?.(error));
// While code waits, the evaluator does not listen for an interruption.
process.on('SIGINT', () => fail?.(new Error('interrupted')));

/**
 * Runs a script in the global scope, where an interruption can end it. Code that awaits at its top is no script; node's own evaluator
 * rewrites it.
 */
function evaluate(code: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    fail = reject;
    let script: Script;
    try {
      script = new Script(code, {
        filename: 'code',
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      });
    } catch (error) {
      if (!(error instanceof SyntaxError) || !error.message.includes('await')) throw error;
      repl.eval(code, repl.context, 'code', (failure: Error | null, value: unknown) => {
        if (failure === null) resolve(value);
        else reject(failure);
      });
      return;
    }
    resolve(script.runInThisContext({ breakOnSigint: true }));
  });
}

/** An error as its author should see it: without the frames of node and of this program. */
function describe(thrown: unknown): string {
  const error: unknown = thrown instanceof Error && 'err' in thrown ? thrown.err : thrown;
  if (!(error instanceof Error)) return inspect(error);
  const lines = (error.stack ?? error.message).split('\n');
  const end = lines.findIndex((line) =>
    /^\s+at .*(node:|javascript-kernel|Script\.runInThisContext)/.test(line),
  );
  return (end === -1 ? lines : lines.slice(0, end)).join('\n');
}

async function run({ code, out, err }: Request): Promise<boolean> {
  redirected = { out: openSync(out, 'a'), err: openSync(err, 'a') };
  try {
    const value = await evaluate(`${code}\n`);
    if (value !== undefined) process.stdout.write(`${inspect(value, { depth: 4, maxArrayLength: 200 })}\n`);
    return true;
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    return false;
  } finally {
    closeSync(redirected.out);
    closeSync(redirected.err);
    redirected = undefined;
  }
}

/** Gives a client its turn: it is told whom to interrupt, and then sends its code. */
async function serve(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  const lines = createInterface({ input: socket });
  lines.on('error', () => socket.destroy());
  const asked = new Promise<string | undefined>((resolve) => {
    lines.once('line', resolve);
    socket.once('close', () => resolve(undefined));
  });
  socket.write(`${JSON.stringify({ pid: process.pid })}\n`);
  const line = await asked;
  if (line === undefined) return;
  const ok = await callOf.run(++currentCall, () => run(JSON.parse(line) as Request));
  socket.write(`${JSON.stringify({ ok })}\n`);
}

let queue: Promise<void> = Promise.resolve();
const path = process.argv[2] ?? '';
createServer((socket: Socket) => {
  socket.on('error', () => socket.destroy());
  queue = queue.then(() => serve(socket)).catch(() => void socket.destroy());
}).listen(`${path}.new`, () => renameSync(`${path}.new`, path));
