import type { EgressDecision } from '../network/egress-decision.ts';
import type { NetworkPolicy } from '../network/policy.ts';

/** Which hosts a fetch may reach besides the rules of the network: names with their subdomains. At most one list is given. */
export interface DomainRules {
  allowed?: readonly string[];
  blocked?: readonly string[];
}

export interface WebRequest {
  url: string;
  policy: NetworkPolicy;
  domains: DomainRules;
  /** The session or workspace that this is for. */
  asker: string;
  /** Told of each hop: whether it was allowed, and why not. */
  decided(decision: EgressDecision): void;
}

export interface WebPage {
  /** Where the redirects led. */
  url: string;
  status: number;
  /** Without parameters, in lower case; empty when the server names none. */
  mediaType: string;
  /** Of the text, in lower case; empty when the server names none. */
  charset: string;
  bytes: Uint8Array;
}

/** Why a page could not be had, in words for a model. `url_not_allowed`: by a rule, not by the network. */
export interface WebRefusal {
  refusal: string;
  reason: 'url_not_allowed' | 'failed';
}

/**
 * Fetches public web pages. Names are resolved once, every address is checked, and what was checked is dialled, at every redirect anew;
 * size and time are bounded. Nothing is retried, no cookies are kept, no credentials are sent.
 */
export interface WebFetcher {
  /** Whatever goes wrong on the way is a refusal. Rejects with the signal's reason when `signal` aborts. */
  fetch(request: WebRequest, signal: AbortSignal): Promise<WebPage | WebRefusal>;
}
