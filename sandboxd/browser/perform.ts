import { inspect } from 'node:util';

import type { Locator, Page } from 'playwright-core';

import type { BrowserAction } from '../../providers/sandbox/browser-action.ts';
import type { Reactions } from './reactions.ts';
import type { Recorder } from './recorder.ts';
import type { Tab, Tabs } from './tabs.ts';
import { visit } from './visit.ts';

/** A snapshot that follows an action is cut here; one that is asked for goes to a file when it is long. */
const SNAPSHOT_CHARACTERS = 20_000;
const EVALUATE_MS = 30_000;
/** After a click a page may go on for a moment. */
const SETTLE_MS = 3_000;

export interface Performed {
  text: string;
  image?: { mediaType: string; base64: string };
}

async function describe(page: Page): Promise<string> {
  const title = await page.title().catch(() => '');
  return `Page: ${page.url()}${title === '' ? '' : `\nTitle: ${title}`}`;
}

async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('domcontentloaded', { timeout: SETTLE_MS }).catch(() => {
    // What is there by now is what is shown.
  });
}

/** The page after an action, with its elements. */
async function shown(tabs: Tabs, limit: number): Promise<string> {
  const { page } = await tabs.current();
  await settle(page);
  const snapshot = await page.ariaSnapshot({ mode: 'ai' });
  const cut =
    snapshot.length <= limit
      ? snapshot
      : `${snapshot.slice(0, limit).toWellFormed()}\n[the snapshot goes on; take one with browser_snapshot]`;
  return `${await describe(page)}\n\n${cut}`;
}

/** The element that a reference of the newest snapshot names; one that is gone is said at once, and not after a time-out. */
async function elementAt(page: Page, ref: string): Promise<Locator> {
  const element = page.getByRef(ref);
  if ((await element.count()) > 0) return element;
  throw new Error(`the page has no element ${ref}; take a new snapshot`);
}

async function withTimeout<Value>(work: Promise<Value>, milliseconds: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${milliseconds / 1_000} s`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function tabsAction(
  { tabs, proxy }: BrowserParts,
  action: Extract<BrowserAction, { action: 'tabs' }>,
): Promise<string> {
  const list = async (): Promise<string> => {
    const current = await tabs.current();
    const rows = tabs
      .all()
      .map(
        async (tab, index) =>
          `${tab === current ? '*' : ' '} ${index} ${tab.page.url()} ${await tab.page.title().catch(() => '')}`,
      );
    return (await Promise.all(rows)).join('\n');
  };
  switch (action.do) {
    case 'list':
      return list();
    case 'new': {
      const { page } = await tabs.open();
      if (action.url !== null) await visit(page, action.url, proxy);
      return list();
    }
    case 'select':
      await tabs.select(action.index ?? 0);
      return list();
    case 'close':
      await tabs.close(action.index ?? tabs.all().indexOf(await tabs.current()));
      return list();
  }
}

async function scroll(page: Page, action: Extract<BrowserAction, { action: 'scroll' }>): Promise<void> {
  if (action.ref !== null) {
    await (await elementAt(page, action.ref)).scrollIntoViewIfNeeded();
    return;
  }
  const { direction, pixels } = action;
  const sign = direction === 'up' || direction === 'left' ? -1 : 1;
  const isVertical = direction === 'up' || direction === 'down';
  await page.mouse.wheel(isVertical ? 0 : sign * pixels, isVertical ? sign * pixels : 0);
}

function takeConsole(tab: Tab): string {
  const lines = tab.console.splice(0);
  return lines.length === 0 ? 'The console is empty.' : lines.join('\n');
}

/** What actions work with. */
export interface BrowserParts {
  tabs: Tabs;
  reactions: Reactions;
  recorder: Recorder;
  /** The proxy of the sandbox, or null where it has no network. */
  proxy: string | null;
}

/** Does one action. Throws with a message for the model. */
export async function performAction(parts: BrowserParts, action: BrowserAction): Promise<Performed> {
  const { tabs, reactions, recorder } = parts;
  const tab = await tabs.current();
  const { page } = tab;
  const shownAfter = async (work: () => Promise<unknown>): Promise<Performed> => {
    await reactions.follow(work);
    return { text: await shown(tabs, SNAPSHOT_CHARACTERS) };
  };
  switch (action.action) {
    case 'navigate':
      return shownAfter(() => visit(page, action.url, parts.proxy));
    case 'back':
      return shownAfter(() => page.goBack({ waitUntil: 'domcontentloaded' }));
    case 'snapshot':
      return { text: await shown(tabs, Number.POSITIVE_INFINITY) };
    case 'click': {
      const element = await elementAt(page, action.ref);
      return shownAfter(() => element.click({ button: action.button, clickCount: action.clicks }));
    }
    case 'type': {
      const field = await elementAt(page, action.ref);
      return shownAfter(async () => {
        await field.fill(action.text);
        if (action.submit) await field.press('Enter');
      });
    }
    case 'press':
      return shownAfter(() => page.keyboard.press(action.key));
    case 'select': {
      const list = await elementAt(page, action.ref);
      return shownAfter(() => list.selectOption(action.values));
    }
    case 'scroll':
      await scroll(page, action);
      return { text: await describe(page) };
    case 'evaluate': {
      const value: unknown = await withTimeout(page.evaluate(action.script), EVALUATE_MS);
      return { text: inspect(value, { depth: 8, maxArrayLength: 1_000, maxStringLength: 50_000 }) };
    }
    case 'console':
      return { text: takeConsole(tab) };
    case 'tabs':
      return { text: await tabsAction(parts, action) };
    case 'screenshot': {
      const bytes = await page.screenshot({ fullPage: action.extent === 'page', type: 'png' });
      return {
        text: await describe(page),
        image: { mediaType: 'image/png', base64: bytes.toString('base64') },
      };
    }
    case 'record':
      if (action.do === 'start') return { text: await recorder.start() };
      return { text: action.do === 'stop' ? await recorder.stop() : recorder.status() };
  }
}
