import { readFileSync } from 'node:fs';

import type { AsAgent } from '../as-agent.ts';

const CAP_SYS_PTRACE = 19n;

/**
 * How sandboxd looks at the open files of the agent's processes: as itself where it may look at all of them, else as the agent, from whom
 * a process can hide.
 */
export function createLookInside(asAgent: AsAgent): AsAgent {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const seesAll = ((BigInt(`0x${effective}`) >> CAP_SYS_PTRACE) & 1n) === 1n;
  return seesAll ? (look) => look() : asAgent;
}
