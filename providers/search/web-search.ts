/** Domains that results must, or must not, come from: a host with its subdomains, optionally with the beginning of a path. */
export interface SearchDomainRules {
  allowed?: readonly string[];
  blocked?: readonly string[];
}

export interface SearchQuery {
  query: string;
  /** How many results at most. */
  count: number;
  domains: SearchDomainRules;
  /** Two letters, upper case. */
  country?: string;
}

export interface SearchResult {
  title: string;
  url: string;
  /** Plain text. */
  snippet: string;
}

/**
 * A search engine of the web. Retries nothing. Results keep to the domain rules whatever the engine answers. Rejects with `unavailable` for
 * an engine that cannot be reached or answers with an error (`retryAfterMs` where it names a time), and with the signal's reason.
 */
export interface WebSearch {
  readonly name: 'brave' | 'tavily' | 'searxng';
  search(query: SearchQuery, signal: AbortSignal): Promise<SearchResult[]>;
}
