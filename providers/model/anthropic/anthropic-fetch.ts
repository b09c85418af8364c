import type { Identity } from '../cloud/identity.ts';
import { patientFetch } from '../patient-fetch.ts';

const OWN_HEADERS = /^(accept|content-type|user-agent|anthropic-version|anthropic-beta|x-stainless-.*)$/;
/** Of the vendor's API. */
export const API_VERSION = '2026-10-21';
const OWN_BETAS = new Set(['fast-mode-2026-02-01', 'interleaved-thinking-2025-05-14']);

/**
 * The `fetch` that the vendor's SDK uses. The SDK adds headers from environment variables; on a machine that points clients at this
 * service these are not meant for the vendor, so only the SDK's own headers and the configured ones pass.
 */
export function createAnthropicFetch(
  apiKey: string | null,
  extraHeaders: Record<string, string>,
  /** Of a cloud, in place of the key. */
  identity?: Identity,
): (url: string | URL | Request, init?: RequestInit) => Promise<Response> {
  return (url, init) => {
    const headers = new Headers();
    for (const [name, value] of new Headers(init?.headers)) {
      if (!OWN_HEADERS.test(name)) continue;
      const kept = name === 'anthropic-beta' ? ownBetas(value) : value;
      if (kept !== '') headers.set(name, kept);
    }
    // Where the SDK moved the version into the body, it has no place here.
    if (new Headers(init?.headers).has('anthropic-version')) headers.set('anthropic-version', API_VERSION);
    if (apiKey !== null) headers.set('authorization', `Bearer ${apiKey}`);
    for (const [name, value] of Object.entries(extraHeaders)) {
      if (name.toLowerCase() === 'anthropic-beta') headers.append(name, value);
      else headers.set(name, value);
    }
    return patientFetch(url, init, headers, identity);
  };
}

function ownBetas(value: string): string {
  const betas = value.split(',').map((beta) => beta.trim());
  return betas.filter((beta) => OWN_BETAS.has(beta)).join(',');
}
