import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { placesOf } from '../../providers/sandbox/places.ts';
import type { Sandbox } from '../../providers/sandbox/sandbox.ts';
import { createSandboxLab } from '../../providers/sandbox/testing/sandbox-lab.ts';
import { sessionFolder } from '../../providers/sandbox/bubblewrap/session-folder.ts';
import { quantile, shown, times, type Series } from '../series.ts';
import { proportionalMemory } from './memory.ts';

/**
 * What sandboxes of the bubblewrap driver cost: `node bench/sandbox/main.ts`. Every time stands beside a bare process of the same run on
 * the same machine; compare the differences, not the milliseconds.
 */
const SANDBOXES = 100;
const SESSIONS = 50;
const COMMANDS = 20;

const lab = createSandboxLab({ limits: { idleMs: 0 } });
const run = promisify(execFile);

/** A session whose sandbox runs, with the process that it begins with. */
function initOf(sandbox: Sandbox): number {
  const { base } = placesOf(lab.dataFolder, process.getuid?.() ?? -1);
  return sessionFolder(base, sandbox.spec.sessionId).running()?.pid ?? 0;
}

/** `fastest / p50 / p95 ms`: what others do on the machine at the same time adds to all but the fastest. */
function figures(series: Series): string {
  return `${quantile(series, 0).toFixed(1)} / ${shown(series)}`;
}

function say(what: string, figure: string): void {
  console.log(`${what.padEnd(58)} ${figure}`);
}

try {
  // The runtime is made once per installation.
  await lab.bash(lab.sandbox(), 'true');

  const bare = await times(100, () => run('/bin/bash', ['-c', 'true']));
  say('bare bash -c true, fastest / p50 / p95', figures(bare));

  const starts = await times(20, () => lab.driver.ensure(lab.sandbox().spec));
  say('sandbox start', figures(starts));
  const firsts = await times(20, () => lab.bash(lab.sandbox(), 'true'));
  say('first command of a session, its start included (aim 150)', figures(firsts));
  const warm = lab.sandbox();
  await lab.bash(warm, 'true');
  const laters = await times(100, () => lab.bash(warm, 'true'));
  say('later command', figures(laters));
  const over = [0, 0.5].map((share) => (quantile(laters, share) - quantile(bare, share)).toFixed(1));
  say('later command over the bare one, fastest / p50 (aim 15)', `${over.join(' / ')} ms`);
  const restarts = await times(10, async () => {
    await lab.driver.stop(warm.spec.sessionId);
    await lab.bash(warm, 'true');
  });
  say('stop, and a command that starts it again', figures(restarts));

  const many = Array.from({ length: SANDBOXES }, () => lab.sandbox());
  const begun = performance.now();
  const each: number[] = [];
  await Promise.all(
    many.map(async (sandbox) => {
      await lab.bash(sandbox, 'true');
      each.push(performance.now() - begun);
    }),
  );
  say(
    `${SANDBOXES} sandboxes at once, all with a first command`,
    `${((performance.now() - begun) / 1_000).toFixed(1)} s (p50 ${(quantile(each, 0.5) / 1_000).toFixed(1)} s)`,
  );
  const bareBegun = performance.now();
  await Promise.all(many.map(() => run('/bin/bash', ['-c', 'true'])));
  say(`${SANDBOXES} bare processes at once`, `${((performance.now() - bareBegun) / 1_000).toFixed(2)} s`);

  const busy = many.slice(0, SESSIONS);
  const commandsBegun = performance.now();
  await Promise.all(
    busy.map(async (sandbox) => {
      for (let count = 0; count < COMMANDS; count++) await lab.bash(sandbox, 'true');
    }),
  );
  const perSecond = (SESSIONS * COMMANDS * 1_000) / (performance.now() - commandsBegun);
  const loopBegun = performance.now();
  await Promise.all(
    busy.map(async () => {
      for (let count = 0; count < COMMANDS; count++) await run('/bin/bash', ['-c', 'true']);
    }),
  );
  const barePerSecond = (SESSIONS * COMMANDS * 1_000) / (performance.now() - loopBegun);
  say(
    `commands per second over ${SESSIONS} sessions (bare processes)`,
    `${perSecond.toFixed(0)} (${barePerSecond.toFixed(0)})`,
  );

  const live = many.map((sandbox) => proportionalMemory(initOf(sandbox)));
  const average = live.reduce((sum, { bytes }) => sum + bytes, 0) / live.length;
  say(`memory of each of ${SANDBOXES} live sandboxes (PSS)`, `${(average / 1_048_576).toFixed(1)} MiB`);
  const inits = many.map(initOf);
  for (const sandbox of many) await lab.driver.stop(sandbox.spec.sessionId);
  const left = inits.reduce((sum, pid) => sum + proportionalMemory(pid).processes, 0);
  say('processes of stopped sandboxes', String(left));
} finally {
  await lab.close();
}
