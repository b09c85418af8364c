import { createAccess, type Access } from '../api/access.ts';
import { createSignIns, type SignIns } from '../api/console/sign-ins.ts';
import { createAddressLimiter } from '../api/door/address-limiter.ts';
import { createConnectionLimiter, type ConnectionLimiter } from '../api/door/connection-limiter.ts';
import type { Config } from '../config.ts';
import type { AddressSet } from '../providers/network/address-set.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { createPostgresSignIns } from '../providers/store/postgres/sign-ins.ts';
import { newId } from './new-ids.ts';

const HOUR_MS = 3_600_000;

/** Who may call the api, as the settings say, and who is signed in to its console. */
export function apiAccess(
  config: Config,
  database: Database,
  proxies: AddressSet,
): { access: Access; signIns: SignIns; connections: ConnectionLimiter } {
  const signIns = createSignIns({
    store: createPostgresSignIns(database),
    newId: () => newId('signIn'),
    lifetimeMs: config.auth.sign_in_hours * HOUR_MS,
    idleMs: config.auth.sign_in_idle_hours * HOUR_MS,
  });
  const limits = config.rate_limits;
  // Without keys, whoever connects is on this machine.
  const connections = createConnectionLimiter(
    config.auth.keys.length === 0 ? null : limits.anonymous_connections,
    (address) => proxies.has(address),
  );
  const access = createAccess({
    get keys() {
      return config.auth.keys;
    },
    publicUrl: config.api.public_url,
    addresses: createAddressLimiter(
      {
        get requests() {
          return limits.anonymous_per_minute;
        },
        get signIns() {
          return limits.sign_ins_per_minute;
        },
      },
      Date.now,
    ),
    connections,
    signIns,
  });
  return { access, signIns, connections };
}
