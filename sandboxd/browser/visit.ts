import { request } from 'node:http';

import type { Page } from 'playwright-core';

const ASK_MS = 5_000;
const WORDS = 500;

function normalUrl(url: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `https://${url}`;
}

/** What the proxy says against a tunnel to the host of a URL; undefined when it has nothing against it, or cannot be asked. */
export async function refusalOf(url: string, proxy: string | null): Promise<string | undefined> {
  if (proxy === null || !URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  return new Promise((resolve) => {
    const asked = request(proxy, {
      method: 'CONNECT',
      path: `${hostname}:${port === '' ? (protocol === 'http:' ? 80 : 443) : port}`,
      timeout: ASK_MS,
      agent: false,
    });
    const end = (words?: string): void => {
      asked.destroy();
      resolve(words);
    };
    asked.on('connect', (response, socket, head) => {
      if (response.statusCode === 200) {
        end();
        return;
      }
      let words = head.toString('utf8');
      socket.setEncoding('utf8').on('data', (piece: string) => {
        if (words.length < WORDS) words += piece;
      });
      socket.on('error', () => end());
      socket.once('close', () => end(words.trim().slice(0, WORDS) || undefined));
    });
    asked.on('timeout', () => end());
    asked.on('error', () => end());
    asked.end();
  });
}

/** Goes to a URL. An error says what the sandbox's network has against it, which Chromium does not show. */
export async function visit(page: Page, url: string, proxy: string | null): Promise<void> {
  try {
    await page.goto(normalUrl(url), { waitUntil: 'domcontentloaded' });
  } catch (error) {
    const refusal = await refusalOf(normalUrl(url), proxy);
    if (refusal === undefined) throw error;
    throw new Error(`${url} cannot be reached from this sandbox: ${refusal}`, { cause: error });
  }
}
