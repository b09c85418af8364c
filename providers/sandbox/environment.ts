import type { NetworkPolicy } from '../network/policy.ts';

/** Packages by manager, each in its manager's own notation: `pandas==2.2`, `express@4.18.0`, `rails:7.1.0`. */
export interface SandboxPackages {
  apt: readonly string[];
  cargo: readonly string[];
  gem: readonly string[];
  go: readonly string[];
  npm: readonly string[];
  pip: readonly string[];
}

/** What a session's environment decides about its sandbox, asked at every start of the sandbox. */
export interface SandboxEnvironment {
  network: NetworkPolicy;
  packages?: SandboxPackages;
  /**
   * `packages` and what the session's skills would like to have. Where these cannot be installed, the sandbox starts with `packages`
   * alone.
   */
  wished?: SandboxPackages;
}
