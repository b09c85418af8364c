import { existsSync } from 'node:fs';
import { findProgram, runCommand } from './run-command.ts';
import type { Say, SetupStep } from './step.ts';

/** A program that the service runs and npm does not carry. */
interface SystemProgram {
  /** Names under which systems have it. */
  programs: string[];
  /** Package in Debian and Ubuntu, and mostly elsewhere. */
  package: string;
  purpose: string;
  /** Without it the service starts all the same, with less in it. */
  optional: boolean;
}

const PROGRAMS: SystemProgram[] = [
  { programs: ['bwrap'], package: 'bubblewrap', purpose: 'isolates the sandboxes', optional: false },
  { programs: ['socat'], package: 'socat', purpose: 'connects sandboxes with their proxy', optional: false },
  { programs: ['rg'], package: 'ripgrep', purpose: 'searches files for agents', optional: false },
  {
    programs: ['setpriv'],
    package: 'util-linux',
    purpose: 'starts sandboxes as users of their own',
    optional: false,
  },
  {
    programs: ['newuidmap'],
    package: 'uidmap',
    purpose: 'gives the commands of sandboxes a user id of their own where the service is not root',
    optional: true,
  },
  {
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    package: 'chromium',
    purpose: 'is the browser of agents',
    optional: true,
  },
  { programs: ['git'], package: 'git', purpose: 'fetches repositories of sessions', optional: true },
];

/** Other systems have no sandboxes by bubblewrap; theirs are Docker's. */
const LINUX_ONLY = new Set(['bubblewrap', 'socat', 'util-linux', 'uidmap']);

/** What a machine has and is. */
export interface SystemDescription {
  platform: NodeJS.Platform;
  searchPath: string;
  hasApt: boolean;
  isRoot: boolean;
  /** A terminal, at which a password can be asked for. */
  isInteractive: boolean;
}

/** Looks at this machine. */
export function describeSystem(searchPath: string): SystemDescription {
  return {
    platform: process.platform,
    // Ordinary users often have no folder of system programs on their path.
    searchPath: `${searchPath}:/usr/local/sbin:/usr/sbin:/sbin`,
    hasApt: existsSync('/etc/debian_version') && findProgram(['apt-get'], searchPath) !== null,
    isRoot: process.geteuid?.() === 0,
    isInteractive: process.stdin.isTTY,
  };
}

/** Programs that are missing on a machine. */
export function missingPrograms(system: SystemDescription): SystemProgram[] {
  return PROGRAMS.filter(
    (program) =>
      !(system.platform !== 'linux' && LINUX_ONLY.has(program.package)) &&
      findProgram(program.programs, system.searchPath) === null,
  );
}

/** Installs missing system packages by apt; where there is no apt, says exactly what to install. */
export function systemPackages(system: SystemDescription): SetupStep {
  return {
    name: 'System packages',
    async run(say) {
      const missing = missingPrograms(system);
      if (missing.length === 0) return 'installed already';
      for (const { package: name, purpose } of missing) say(`  ${name} is missing (it ${purpose})`);
      if (system.hasApt) await installByApt(missing, system, say);
      const still = missingPrograms(system);
      const needed = still.filter((program) => !program.optional);
      if (needed.length > 0) throw new Error(instructions(needed, system));
      if (still.length > 0) say(`  Going on without: ${still.map((program) => program.package).join(', ')}.`);
      return system.hasApt ? 'installed' : 'all that is needed is there';
    },
  };
}

async function installByApt(missing: SystemProgram[], system: SystemDescription, say: Say): Promise<void> {
  // Optional ones are asked for on their own, so that one the system does not have never keeps the others away.
  const groups = [
    missing.filter((program) => !program.optional),
    missing.filter((program) => program.optional),
  ];
  let updated = false;
  for (const group of groups.filter((programs) => programs.length > 0)) {
    const install = ['install', '-y', '--no-install-recommends', ...group.map((program) => program.package)];
    try {
      await apt(install, system, say);
    } catch {
      try {
        if (!updated) await apt(['update'], system, say);
        updated = true;
        await apt(install, system, say);
      } catch (error) {
        say(`  apt-get failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}

function apt(args: string[], system: SystemDescription, say: Say): Promise<void> {
  const sudo = system.isRoot ? [] : ['sudo', ...(system.isInteractive ? [] : ['-n'])];
  const [command = '', ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
  say(`  ${[command, ...rest].join(' ')}`);
  return runCommand(command, rest);
}

/** What a person types to install packages on a machine that set-up cannot install on itself. */
export function instructions(missing: SystemProgram[], system: SystemDescription): string {
  const names = missing.map((program) => program.package).join(' ');
  const commands: [string, string][] = [
    ['apt-get', `sudo apt-get install ${names}`],
    ['dnf', `sudo dnf install ${names}`],
    ['pacman', `sudo pacman -S ${names}`],
    ['zypper', `sudo zypper install ${names}`],
    ['apk', `apk add ${names}`],
    ['brew', `brew install ${names}`],
  ];
  const known = commands.find(([program]) => findProgram([program], system.searchPath) !== null);
  const how = known
    ? `Install by: ${known[1]}`
    : `Install these packages by your system's package manager: ${names}`;
  return `${how} — then run npm run setup again.`;
}
