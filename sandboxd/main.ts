/**
 * sandboxd: the server inside a sandbox. It runs as a user that the agent's commands can neither signal nor trace, keeps the records of
 * calls where they can't write, and does everything that touches the agent's files with the agent's rights.
 */
import { createAsAgent } from './as-agent.ts';
import { createCalls } from './calls.ts';
import { startEgressRelay } from './egress-relay.ts';
import { commandEnvironment } from './environment.ts';
import { createPipes } from './pipes.ts';
import { prepare } from './prepare.ts';
import { createRecords } from './record.ts';
import { createSandboxServer } from './server.ts';
import { readSettings, tokenOf } from './settings.ts';
import { createTransfer } from './transfer.ts';
import { startWatchdog } from './watchdog.ts';

/** Tells the loop around sandboxd not to start it again. */
const STOP_CODE = 75;

const settings = readSettings(process.argv[2]);
const log = (message: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`);
};
const { folders, restartNotice } = prepare(settings);
const { agent } = settings;
const prefix =
  agent === null
    ? []
    : [
        'setpriv',
        `--reuid=${agent.uid}`,
        `--regid=${agent.gid}`,
        '--clear-groups',
        '--inh-caps=-all',
        '--no-new-privs',
        '--',
      ];
const environment = commandEnvironment(settings);
const asAgent = createAsAgent(agent);

const calls = createCalls({
  asAgent,
  prefix,
  environment,
  workdir: settings.workdir,
  home: settings.home,
  records: createRecords(folders.calls),
  pipes: createPipes(folders.pipes, settings.boot),
  boot: settings.boot,
  processes: settings.processes,
  claims: settings.claims,
  outputs: { folder: folders.outputs, shownAt: settings.outputsPath },
  outputCharacters: settings.outputCharacters,
  outputFileBytes: settings.outputFileBytes,
  shellFolder: folders.shell,
  restartNotice,
  log,
});
await calls.recover();

let lastTouched = Date.now();
const server = createSandboxServer({
  calls,
  transfer: createTransfer({ asAgent, prefix, environment }),
  outputs: settings.outputs,
  boot: settings.boot,
  token: tokenOf(settings),
  touched() {
    lastTouched = Date.now();
  },
  log,
});
if ('fd' in settings.listen) server.listen({ fd: settings.listen.fd });
else server.listen(settings.listen.port);

if (settings.egressSocket !== null) startEgressRelay(settings.egressSocket, log);
startWatchdog({ settings, prefix, environment, calls, log });
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
