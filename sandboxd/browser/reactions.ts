import { setTimeout as delay } from 'node:timers/promises';

import type { BrowserContext, Request } from 'playwright-core';

/** Nothing new for this long: the browser has reacted. */
const QUIET_MS = 150;
/** A page that never comes to rest is shown as it is after this long. */
const LONGEST_MS = 3_000;
const LOOK_MS = 20;

/** Requests that stay open for as long as the page does. */
const LASTING: ReadonlySet<string> = new Set(['eventsource', 'websocket', 'media', 'ping']);

/** Follows what an action sets off (requests, navigations, new tabs), which begins a moment after the action itself is done. */
export interface Reactions {
  /** Does the action and waits until the browser has reacted to it, three seconds at most. Rejects as the action does. */
  follow(action: () => Promise<unknown>): Promise<void>;
}

export async function createReactions(context: BrowserContext): Promise<Reactions> {
  const browser = context.browser();
  if (browser === null) throw new Error('this browser cannot be watched');
  const open = new Set<Request>();
  let lastEvent = 0;
  /** Tabs that the browser announced and that Playwright has not made ready yet. */
  let announced = 0;
  const note = (): void => {
    lastEvent = Date.now();
  };

  context.on('request', (request) => {
    if (LASTING.has(request.resourceType())) return;
    open.add(request);
    note();
  });
  const settled = (request: Request): void => {
    if (open.delete(request)) note();
  };
  context.on('requestfinished', settled).on('requestfailed', settled);
  context.on('page', () => {
    announced = Math.max(0, announced - 1);
    note();
  });
  const targets = await browser.newBrowserCDPSession();
  targets.on('Target.targetCreated', ({ targetInfo }) => {
    if (targetInfo.type !== 'page') return;
    announced++;
    note();
  });
  await targets.send('Target.setDiscoverTargets', { discover: true });

  return {
    async follow(action) {
      open.clear();
      announced = 0;
      await action();
      note();
      const late = Date.now() + LONGEST_MS;
      const isQuiet = (): boolean => open.size === 0 && announced === 0 && Date.now() - lastEvent >= QUIET_MS;
      while (Date.now() < late && !isQuiet()) await delay(LOOK_MS);
    },
  };
}
