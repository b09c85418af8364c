import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './run-command.ts';
import type { SetupStep } from './step.ts';

const RESTRICTION = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';
const TARGET = '/etc/apparmor.d/managed-agent-bwrap';

/** Lets bubblewrap, and nothing else, make user namespaces; otherwise it is as unconfined as it is without a profile. */
export const APPARMOR_PROFILE = `abi <abi/4.0>,
include <tunables/global>

profile managed-agent-bwrap /usr/bin/bwrap flags=(unconfined) {
  userns,

  include if exists <local/managed-agent-bwrap>
}
`;

/** What the step asks of a machine and does to it. */
export interface NamespaceMachine {
  /** Whether AppArmor keeps ordinary programs from making user namespaces, as Ubuntu does since 23.10. */
  isRestricted(): boolean;
  /** Whether bubblewrap works for a user who is not root. */
  works(): Promise<boolean>;
  /** Puts the profile into place and loads it, as root. */
  install(profile: string): Promise<void>;
}

/** This machine. */
export function thisMachine(system: { isRoot: boolean; isInteractive: boolean }): NamespaceMachine {
  const asRoot = system.isRoot ? [] : ['sudo', ...(system.isInteractive ? [] : ['-n'])];
  const run = ([command = '', ...rest]: string[]): Promise<void> => runCommand(command, rest);
  return {
    isRestricted() {
      try {
        return readFileSync(RESTRICTION, 'utf8').trim() === '1';
      } catch {
        // No such setting: no such restriction.
        return false;
      }
    },
    async works() {
      const user = system.isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
      try {
        await run([...user, 'bwrap', '--unshare-user', '--ro-bind', '/', '/', 'true']);
        return true;
      } catch {
        return false;
      }
    },
    async install(profile) {
      const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-setup-'));
      const file = path.join(folder, 'profile');
      writeFileSync(file, profile);
      try {
        await run([...asRoot, 'install', '-m', '644', '-o', 'root', '-g', 'root', file, TARGET]);
        await run([...asRoot, 'apparmor_parser', '-r', TARGET]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

/** Where AppArmor keeps bubblewrap from making sandboxes, installs a profile that lets it, after saying so. */
export function namespacePermission(machine: NamespaceMachine): SetupStep {
  return {
    name: 'Permission to make sandboxes',
    async run(say) {
      if (!machine.isRestricted()) return 'nothing restricts it';
      if (await machine.works()) return 'bubblewrap has it';
      say(`  AppArmor on this system keeps programs from making user namespaces, which sandboxes need.`);
      say(`  Installing ${TARGET}, which lets /usr/bin/bwrap make them, for all users:`);
      for (const line of APPARMOR_PROFILE.trimEnd().split('\n')) say(`    ${line}`);
      try {
        await machine.install(APPARMOR_PROFILE);
      } catch (error) {
        throw new Error(
          `the profile cannot be installed (${error instanceof Error ? error.message : String(error)}). As root, write the lines above to ${TARGET} and run apparmor_parser -r ${TARGET}; or set sandbox.driver to docker, aio or none.`,
          { cause: error },
        );
      }
      if (!(await machine.works()))
        throw new Error(
          `bubblewrap still cannot make sandboxes with ${TARGET}. Another profile for /usr/bin/bwrap may stand before it: see aa-status. Or set sandbox.driver to docker, aio or none.`,
        );
      return 'installed';
    },
  };
}
