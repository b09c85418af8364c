import type { Readable } from 'node:stream';
import type { Checkout } from '../store/sessions.ts';

/** A repository as it is asked for. */
export interface RepositoryRequest {
  /** `https://github.com/<owner>/<name>`. */
  url: string;
  /** Opens it for reading; null for a public one. It goes to the repository's host and nowhere else. */
  token: string | null;
  checkout: Checkout;
}

/** A git bundle of a whole repository: every branch and tag, `HEAD`, and the commit that was asked for under {@link COMMIT_REF}. */
export interface FetchedRepository {
  /** Of the bundle's bytes. */
  sha256: string;
  open(): Promise<Readable>;
  /** Removes the bundle. Whoever fetched it calls this once. */
  release(): void;
}

/** Where a bundle keeps a commit that was asked for by its id, which need not be on any branch. */
export const COMMIT_REF = 'refs/managed-agent/commit';

/** Why a repository cannot be had, as the API tells it: `repository_<kind>_error`. */
export interface RepositoryFailure {
  kind: 'authentication' | 'forbidden' | 'not_found' | 'checkout' | 'clone';
  /** For people: what was wrong, without any secret. */
  message: string;
}

/** Fetches repositories for sessions, outside of every sandbox: what it gives holds no credentials. */
export interface RepositorySource {
  /**
   * Fetches a repository as a whole. Never rejects for what the host, the network or the repository is like: that is a failure. Rejects
   * with the signal's reason when `signal` aborts. Retries nothing.
   */
  fetch(
    request: RepositoryRequest,
    signal: AbortSignal,
  ): Promise<
    { state: 'fetched'; repository: FetchedRepository } | { state: 'failed'; failure: RepositoryFailure }
  >;
}
