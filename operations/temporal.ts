import { spawn } from 'node:child_process';
import { configFileOf, loadConfig, readHostEnvironment } from '../config.ts';
import { findTemporalCli } from '../providers/temporal-server/find-cli.ts';
import { withTemporalAddress } from '../wiring/command-store.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run temporal -- ARGUMENTS`: the Temporal CLI on the Temporal of the running service, or on the configured one. Only the account
 * that the service runs under, and root, can: the server's socket is closed to others. `--config FILE` counts in front of the CLI's own
 * arguments only.
 */
await operatorsCommand(async () => {
  const given = process.argv.slice(2);
  const ours = given[0] === '--config' ? 2 : given[0]?.startsWith('--config=') ? 1 : 0;
  const [own, rest] = [given.slice(0, ours), given.slice(ours)];
  const config = withTemporalAddress(loadConfig({ ...configFileOf(own), part: 'command' }));
  const { address, namespace } = config.temporal;
  const host = readHostEnvironment();
  const cli = await findTemporalCli(host);
  const child = spawn(cli.path, rest, {
    stdio: 'inherit',
    // As defaults, so that options on the command line count.
    env: {
      ...host.variables,
      TEMPORAL_ADDRESS: address?.replace(/^unix:\/*/, 'unix:///'),
      TEMPORAL_NAMESPACE: namespace,
    },
  });
  // A terminal's Ctrl-C reaches the CLI too, and what it says then is the answer.
  process.on('SIGINT', () => {});
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
});
