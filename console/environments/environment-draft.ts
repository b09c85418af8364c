import type { EnvironmentCreateParams } from '@anthropic-ai/sdk/resources/beta/environments/environments';
import type { Environment } from '../service/wire.ts';

export const MANAGERS = ['apt', 'pip', 'npm', 'cargo', 'gem', 'go'] as const;
export type Manager = (typeof MANAGERS)[number];

/** An environment as its form holds it; lists are texts with one entry a line. */
export interface EnvironmentDraft {
  name: string;
  description: string;
  network: 'unrestricted' | 'limited';
  hosts: string;
  mayReachMcpServers: boolean;
  mayReachPackageManagers: boolean;
  packages: Record<Manager, string>;
}

export function draftOf(environment: Environment | null): EnvironmentDraft {
  const config = environment?.config.type === 'cloud' ? environment.config : null;
  const limited = config?.networking.type === 'limited' ? config.networking : null;
  return {
    name: environment?.name ?? '',
    description: environment?.description ?? '',
    network: config?.networking.type ?? 'unrestricted',
    hosts: limited?.allowed_hosts.join('\n') ?? '',
    mayReachMcpServers: limited?.allow_mcp_servers ?? false,
    mayReachPackageManagers: limited?.allow_package_managers ?? true,
    packages: Object.fromEntries(
      MANAGERS.map((manager) => [manager, config?.packages[manager].join('\n') ?? '']),
    ) as Record<Manager, string>,
  };
}

export function paramsOf(draft: EnvironmentDraft): EnvironmentCreateParams {
  return {
    name: draft.name.trim(),
    description: draft.description.trim() === '' ? null : draft.description.trim(),
    config: {
      type: 'cloud',
      networking:
        draft.network === 'unrestricted'
          ? { type: 'unrestricted' }
          : {
              type: 'limited',
              allowed_hosts: entries(draft.hosts, /[\n,]/),
              allow_mcp_servers: draft.mayReachMcpServers,
              allow_package_managers: draft.mayReachPackageManagers,
            },
      packages: {
        type: 'packages',
        ...Object.fromEntries(MANAGERS.map((manager) => [manager, entries(draft.packages[manager], '\n')])),
      },
    },
  };
}

/** The version of a package may hold commas, as in `numpy>=2,<3`. */
function entries(text: string, between: string | RegExp): string[] {
  return text
    .split(between)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
