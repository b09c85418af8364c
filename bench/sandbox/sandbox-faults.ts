import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { placesOf } from '../../providers/sandbox/places.ts';
import type { Sandbox } from '../../providers/sandbox/sandbox.ts';
import { signalQuietly } from '../../sandboxd/processes.ts';
import { sessionFolder } from '../../providers/sandbox/bubblewrap/session-folder.ts';
import type { SandboxLab } from '../../providers/sandbox/testing/sandbox-lab.ts';

/** What goes wrong in one sandbox, or under all of them, again and again until the signal says that it is enough. */
export interface SandboxFault {
  name: string;
  /** What the neighbour runs meanwhile; absent: a pipe of some twenty short processes. */
  command?: string;
  go(lab: SandboxLab, attacked: Sandbox, signal: AbortSignal): Promise<void>;
}

const ATTACK_MS = 60_000;
const PAUSE_MS = 200;

/** Runs a command over and over. */
function attack(name: string, command: string): SandboxFault {
  return {
    name,
    async go(lab, attacked, signal) {
      // The sandbox is stopped under the last one.
      while (!signal.aborted) await attacked.call(lab.call(command, ATTACK_MS), 'start');
    },
  };
}

/** Kills a process of the host over and over. */
function killing(name: string, find: (lab: SandboxLab, attacked: Sandbox) => number[]): SandboxFault {
  return {
    name,
    async go(lab, attacked, signal) {
      while (!signal.aborted) {
        for (const pid of find(lab, attacked)) signalQuietly(pid, 'SIGKILL');
        // Whoever needs it brings it back; the sandbox may be stopped under it.
        await attacked.call(lab.call('true'), 'start');
        await delay(PAUSE_MS);
      }
    },
  };
}

function processesWith(...words: string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      const line = commandLine(name);
      return words.every((word) => line.includes(word));
    })
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It ended while we looked.
    return '';
  }
}

const baseOf = (lab: SandboxLab): string => placesOf(lab.dataFolder, process.getuid?.() ?? -1).base;

export const SANDBOX_FAULTS: readonly SandboxFault[] = [
  { name: 'nothing', go: async () => undefined },
  attack('fork bomb', 'bomb() { bomb | bomb & bomb; }; bomb; sleep 1'),
  attack('busy loops', 'for i in $(seq 8); do while :; do :; done & done; wait'),
  attack('memory hog', 'head -c 2G /dev/zero | tail | wc -c'),
  attack('disk filler', 'for n in $(seq 100); do head -c 20M /dev/urandom > big-$n; done; rm -f big-*'),
  attack('disk filler that syncs', 'dd if=/dev/zero of=big bs=1M count=200 oflag=dsync; rm -f big'),
  attack('output flood', 'yes 0123456789 | head -c 1G'),
  attack('kill -9 -1', 'kill -9 -1; sleep 0.2'),
  killing('sandboxd killed', (lab, attacked) => {
    const boot = sessionFolder(baseOf(lab), attacked.spec.sessionId).running()?.boot;
    return boot === undefined ? [] : processesWith('/opt/sandbox/bin/node', boot);
  }),
  {
    ...killing('proxy killed', (lab) => processesWith(`${baseOf(lab)}/runtime/`, 'egress')),
    // Refused by the proxy, at once: it is what is measured.
    command: 'curl -s -o /dev/null -w %{http_code} http://10.255.255.1/',
  },
];
