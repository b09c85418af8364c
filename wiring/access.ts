import { createAccess, type Access } from '../api/access.ts';
import { createAddressLimiter } from '../api/door/address-limiter.ts';
import type { Config } from '../config.ts';

/** Who may call the api, as the settings say. */
export function apiAccess(config: Config): Access {
  const { anonymous_per_minute: requests, sign_ins_per_minute: signIns } = config.rate_limits;
  return createAccess({
    keys: config.auth.keys,
    publicUrl: config.api.public_url,
    addresses: createAddressLimiter({ requests, signIns }, Date.now),
  });
}
