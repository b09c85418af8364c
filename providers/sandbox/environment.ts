import type { NetworkPolicy } from './egress/policy.ts';

/** What a session's environment decides about its sandbox, asked at every start of the sandbox. */
export interface SandboxEnvironment {
  network: NetworkPolicy;
}
