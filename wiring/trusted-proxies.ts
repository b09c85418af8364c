import type { Config } from '../config.ts';
import { addressSet, type AddressSet } from '../providers/network/address-set.ts';

/** The proxies that may say for whom they speak, as the settings name them at each request. */
export function trustedProxies({ api }: Config): AddressSet {
  let named = api.trusted_proxies;
  let known = addressSet(named);
  return {
    has(address) {
      if (named !== api.trusted_proxies) {
        named = api.trusted_proxies;
        known = addressSet(named);
      }
      return known.has(address);
    },
  };
}
