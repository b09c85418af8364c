import { notBuilt } from '../agent/refuse-unbuilt.ts';
import { AppError } from '../errors.ts';
import { PACKAGE_MANAGERS, type CloudConfig, type EnvironmentConfigParams } from '../schema/environment.ts';

const EMPTY: CloudConfig = {
  type: 'cloud',
  networking: { type: 'unrestricted' },
  packages: { type: 'packages', apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] },
};

/**
 * What a new environment is configured with: unrestricted and without packages where nothing is said.
 *
 * @throws `invalid_request`, or `not_implemented` for a self-hosted one.
 */
export function newConfig(params: EnvironmentConfigParams | null | undefined): CloudConfig {
  if (params?.type === 'self_hosted') notBuilt('config', 'self-hosted environments');
  return merged(EMPTY, params);
}

/** A configuration after an update: what is left out stays. Throws `invalid_request`; the type cannot change. */
export function changedConfig(
  stored: CloudConfig,
  params: EnvironmentConfigParams | null | undefined,
): CloudConfig {
  if (params != null && params.type !== stored.type) {
    throw new AppError('invalid_request', `config.type: is ${stored.type} and cannot change`, {
      details: { error_code: 'invalid_config_type_change' },
    });
  }
  return merged(stored, params);
}

function merged(stored: CloudConfig, params: EnvironmentConfigParams | null | undefined): CloudConfig {
  if (params?.type !== 'cloud') return stored;
  const packages = { ...stored.packages };
  for (const manager of PACKAGE_MANAGERS) packages[manager] = params.packages?.[manager] ?? packages[manager];
  const config = { ...stored, networking: mergedNetworking(stored.networking, params.networking), packages };
  const hasPackages = PACKAGE_MANAGERS.some((manager) => config.packages[manager].length > 0);
  if (config.networking.type === 'limited' && hasPackages && !config.networking.allow_package_managers) {
    throw new AppError(
      'invalid_request',
      'config.networking.allow_package_managers: must be true, since config.packages names packages',
    );
  }
  return config;
}

function mergedNetworking(
  stored: CloudConfig['networking'],
  params: Extract<EnvironmentConfigParams, { type: 'cloud' }>['networking'],
): CloudConfig['networking'] {
  if (params == null) return stored;
  if (params.type === 'unrestricted') return { type: 'unrestricted' };
  const base =
    stored.type === 'limited'
      ? stored
      : { allow_mcp_servers: false, allow_package_managers: false, allowed_hosts: [] };
  return {
    type: 'limited',
    allow_mcp_servers: params.allow_mcp_servers ?? base.allow_mcp_servers,
    allow_package_managers: params.allow_package_managers ?? base.allow_package_managers,
    allowed_hosts: params.allowed_hosts ?? base.allowed_hosts,
  };
}
