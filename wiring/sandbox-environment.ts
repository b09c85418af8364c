import { sameJson } from '../core/same-json.ts';
import { mergePackages } from '../core/skills/merge-packages.ts';
import type { SandboxEnvironment } from '../providers/sandbox/environment.ts';
import { PACKAGE_MANAGER_HOSTS } from '../providers/network/package-hosts.ts';
import type { NetworkPolicy } from '../providers/network/policy.ts';
import type { SandboxSpec } from '../providers/sandbox/sandbox.ts';
import type { EnvironmentStore, StoredEnvironment } from '../providers/store/environments.ts';
import type { SessionSkills } from '../providers/store/session-skills.ts';
import type { Journal, SessionSetup } from '../providers/store/journal.ts';

type Networking = StoredEnvironment['config']['networking'];

/** The network of an environment for one session: what it lists, and the two groups that it may open. */
export function networkPolicy(networking: Networking, agent: SessionSetup['agent']): NetworkPolicy {
  if (networking.type === 'unrestricted') return { mode: 'unrestricted' };
  const { allowed_hosts: listed, allow_package_managers: packages, allow_mcp_servers: mcp } = networking;
  return {
    mode: 'limited',
    hosts: [
      ...listed,
      ...(packages ? PACKAGE_MANAGER_HOSTS : []),
      ...(mcp ? agent.mcp_servers.map(({ url }) => new URL(url).hostname) : []),
    ],
  };
}

/** Reads what the environment of a sandbox's session decides. A session without an environment has no network. */
export function sandboxEnvironment(
  environments: Pick<EnvironmentStore, 'get'>,
  journal: Pick<Journal, 'setup'>,
  skills: SessionSkills,
): (spec: SandboxSpec) => Promise<SandboxEnvironment> {
  return async ({ workspaceId, sessionId, environmentId }) => {
    const [environment, setup, pins] = await Promise.all([
      environments.get(workspaceId, environmentId),
      journal.setup(sessionId),
      skills.of(sessionId),
    ]);
    if (environment === null) return { network: { mode: 'none' } };
    const { networking, packages } = environment.config;
    const mayInstall = networking.type === 'unrestricted' || networking.allow_package_managers;
    const needed = pins.flatMap((pin) => pin.packages ?? []);
    const wished = mergePackages(packages, mayInstall ? needed : []);
    return {
      network: networkPolicy(networking, setup.agent),
      packages,
      ...(sameJson(wished, packages) ? {} : { wished }),
    };
  };
}
