/**
 * sandboxd: the server inside a sandbox. It runs as a user that the agent's commands can neither signal nor trace, keeps the records of
 * calls where they can't write, and does everything that touches the agent's files with the agent's rights.
 */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createArchives } from './archive.ts';
import { agentPrefix } from './agent-prefix.ts';
import { createAsAgent } from './as-agent.ts';
import { createBackground } from './background.ts';
import { createBrowserHost } from './browser-host.ts';
import { createCalls } from './calls.ts';
import { createKernels } from './code/kernels.ts';
import { PROXY_PORT, startEgressRelay } from './egress-relay.ts';
import { commandEnvironment, environmentWords, ownEnvironment, withoutProxy } from './environment.ts';
import { guardReserve } from './limits/guard-reserve.ts';
import { createDiskWatch } from './limits/hold-disk.ts';
import { holdTmp } from './limits/hold-tmp.ts';
import { createPace, stirring } from './limits/pace.ts';
import { mostOutputBytes, pruneToolOutputs } from './limits/prune-tool-outputs.ts';
import { createPipes } from './pipes.ts';
import { prepare } from './prepare.ts';
import { createRecords } from './record.ts';
import { commandScript, exportScript } from './shell-script.ts';
import { createSandboxServer } from './server.ts';
import { readSettings, tokenOf } from './settings.ts';
import { createTransfer } from './transfer.ts';
import { startThreads } from './start-threads.ts';
import { startWatchdog } from './watchdog.ts';

/** Tells the loop around sandboxd not to start it again. */
const STOP_CODE = 75;

const settings = readSettings(process.argv[2]);
const log = (message: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`);
};
// Whoever removed the session's folder under a running sandbox has no more use for it, and nothing can be kept any more.
if (statSync(settings.state).nlink === 0) process.exit(STOP_CODE);
const { folders, restartNotice } = prepare(settings);
const prefix = agentPrefix(settings);
const environment = ownEnvironment(settings);
const variables = commandEnvironment(settings);
const prelude = exportScript(variables);
const asAgent = createAsAgent(settings.agent);

const pruneOutputs = (): string => pruneToolOutputs(settings.outputsFolder, settings.diskBytes);
const keepOutput = (name: string, text: string): string => {
  const file = `${name}.txt`;
  writeFileSync(join(settings.outputsFolder, file), text.toWellFormed(), { mode: 0o644 });
  calls.announce(pruneOutputs());
  return join(settings.outputsPath, file);
};
const browser =
  settings.browser &&
  createBrowserHost({
    command: [
      // Playwright's own connection to the browser must not go through the proxy.
      ...prefix,
      ...environmentWords(withoutProxy(variables)),
      process.execPath,
      settings.browser.program,
    ],
    settings: {
      executable: settings.browser.executable,
      proxy: settings.egressSocket === null ? null : `http://127.0.0.1:${PROXY_PORT}`,
      downloads: join(settings.workdir, 'downloads'),
      recordings: join(settings.outputs, 'recordings'),
      profile: join(settings.home, '.browser'),
      idleMs: settings.browser.idleMs,
    },
    environment,
    log,
  });

const pipes = createPipes(folders.pipes, settings.boot);
const background = createBackground({
  folder: folders.processes,
  boot: settings.boot,
  pipes,
  prefix,
  environment,
  scriptOf: (id) => `${prelude}${commandScript(folders.shell, `process-${id}`, settings.workdir)}`,
});

const calls = createCalls({
  background,
  kernels: createKernels({
    folder: folders.kernels,
    codeFolder: settings.codeFolder,
    workdir: settings.workdir,
    boot: settings.boot,
    prelude,
    asAgent,
    prefix,
    environment,
  }),
  browser,
  keepOutput,
  asAgent,
  prefix,
  prelude,
  environment,
  workdir: settings.workdir,
  home: settings.home,
  records: createRecords(folders.calls, settings.diskBytes),
  pipes,
  boot: settings.boot,
  processes: settings.processes,
  claims: settings.claims,
  outputs: { folder: settings.outputsFolder, shownAt: settings.outputsPath },
  outputCharacters: settings.outputCharacters,
  outputFileBytes: mostOutputBytes(settings),
  shellFolder: folders.shell,
  restartNotice,
  pruneOutputs,
  makeRoom: () => disk?.makeRoom() ?? Promise.resolve(''),
  log,
});
const pace = createPace(calls);
const disk =
  settings.diskBytes > 0
    ? createDiskWatch({ settings, asAgent, prefix, environment, calls, pace, log })
    : undefined;

let lastTouched = Date.now();
const server = createSandboxServer({
  calls: stirring(calls, pace),
  transfer: createTransfer({ uploads: settings.uploads, asAgent, prefix, environment }),
  archives: createArchives({
    state: settings.state,
    folders: { workspace: settings.workdir, home: settings.home, outputs: settings.outputs },
    shellFolder: folders.shell,
    asAgent,
    prefix,
    environment,
    log,
  }),
  outputs: settings.outputs,
  keepOutput,
  boot: settings.boot,
  token: tokenOf(settings),
  touched() {
    lastTouched = Date.now();
  },
  stop() {
    log('stopping: its place is wanted');
    process.exit(STOP_CODE);
  },
  log,
});
// Requests wait in the socket until what an earlier sandboxd left has been taken up.
Promise.all([calls.recover(), startThreads()]).then(
  () => {
    pace.stir();
    // The loop around sandboxd tells by this file whether a start succeeded.
    server.once('listening', () => writeFileSync(folders.listening, `${Date.now()} ${process.pid}\n`));
    if ('fd' in settings.listen) server.listen({ fd: settings.listen.fd });
    else server.listen(settings.listen.port);
  },
  (error: unknown) => {
    log(`the records cannot be taken up: ${String(error)}`);
    process.exit(1);
  },
);

if (settings.egressSocket !== null) startEgressRelay(settings.egressSocket, log);
void guardReserve({ settings, asAgent, calls, pace, log });
void startWatchdog({ settings, asAgent, calls, pace, log });
if (settings.memoryBytes > 0 && settings.processes === 'all')
  void holdTmp({ prefix, environment, calls, pace, log });
if (settings.idleMs > 0) {
  setInterval(
    () => {
      if (calls.runningCount() > 0) lastTouched = Date.now();
      if (Date.now() - lastTouched < settings.idleMs) return;
      log('stopping: idle');
      process.exit(STOP_CODE);
    },
    Math.min(10_000, settings.idleMs),
  ).unref();
}
