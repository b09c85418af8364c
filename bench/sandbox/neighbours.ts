import { NO_CGROUPS } from '../../providers/sandbox/bubblewrap/cgroups.ts';
import { createSandboxLab } from '../../providers/sandbox/testing/sandbox-lab.ts';
import { quantile } from '../series.ts';
import { SANDBOX_FAULTS, type SandboxFault } from './sandbox-faults.ts';

/**
 * What the commands of one session notice of another's trouble: `node bench/sandbox/neighbours.ts [--no-cgroups] [fault …]`. Rounds with
 * and without the fault take turns, so that what else the machine does is in both; compare the quotients. The aim is a p99 within 20 %.
 */
const ROUNDS = 6;
const COMMANDS = 30;
/** What begins to compute needs some two seconds of processor time to step back. */
const ONSET_MS = 3_000;
const SETTLE_MS = 300;
const COMMAND = 'seq 20 | xargs -n 1 echo | wc -l';

const words = process.argv.slice(2);
const withoutCgroups = words.includes('--no-cgroups');
const wanted = words.filter((word) => !word.startsWith('--'));
const MIB = 1024 * 1024;

const lab = createSandboxLab({
  limits: { memoryBytes: 1024 * MIB, diskBytes: 1024 * MIB, idleMs: 0 },
  environmentOf: async () => ({ network: { mode: 'unrestricted' } }),
  ...(withoutCgroups ? { cgroups: NO_CGROUPS } : {}),
});

async function measure(fault: SandboxFault): Promise<string> {
  const [attacked, neighbour] = [lab.sandbox(), lab.sandbox()];
  const command = fault.command ?? COMMAND;
  for (const sandbox of [attacked, neighbour]) await lab.bash(sandbox, 'true');
  const calm: number[] = [];
  const troubled: number[] = [];
  let failed = 0;
  async function commands(times: number[]): Promise<void> {
    for (let count = 0; count < COMMANDS; count++) {
      const begun = performance.now();
      const { isError } = await lab.bash(neighbour, command);
      times.push(performance.now() - begun);
      if (isError) failed++;
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    await commands(calm);
    over = new AbortController();
    const going = fault.go(lab, attacked, over.signal);
    // Reported where it is waited for.
    going.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, fault.name === 'nothing' ? SETTLE_MS : ONSET_MS));
    await commands(troubled);
    over.abort();
    if (fault.name !== 'nothing') await lab.driver.stop(attacked.spec.sessionId);
    await going;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  for (const { spec } of [attacked, neighbour]) await lab.driver.destroy(spec.sessionId);
  const shares = [0.5, 0.99];
  const figures = (times: number[]): string =>
    shares
      .map((share) => quantile(times, share).toFixed(1))
      .join(' / ')
      .padStart(15);
  const quotients = shares
    .map((share) => (quantile(troubled, share) / quantile(calm, share)).toFixed(2))
    .join(' / ');
  return `${figures(calm)} ${figures(troubled)}   ×${quotients}${failed === 0 ? '' : `   ${failed} commands failed`}`;
}

// Sandboxes outlive the process that started them.
let over = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    over.abort();
    void lab.close().finally(() => process.exit(1));
  });
}

try {
  console.log(`control groups: ${withoutCgroups ? 'none' : 'as the host has them'}; p50 / p99, milliseconds`);
  console.log(`${''.padEnd(24)} ${'without'.padStart(15)} ${'beside it'.padStart(15)}   times`);
  for (const fault of SANDBOX_FAULTS) {
    if (wanted.length > 0 && !wanted.includes(fault.name)) continue;
    console.log(`${fault.name.padEnd(24)} ${await measure(fault)}`);
  }
} finally {
  await lab.close();
}
