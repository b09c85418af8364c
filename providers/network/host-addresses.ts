import { networkInterfaces } from 'node:os';

/** The addresses of this process's host, or container, now. */
export function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((rows) => (rows ?? []).map(({ address }) => address));
}
