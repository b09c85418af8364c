import { join } from 'node:path';

import { chromium, type BrowserContext, type Page } from 'playwright-core';

import type { BrowserSettings } from './protocol.ts';

/** Console lines that are kept for a page. */
const CONSOLE_LINES = 500;
const ACTION_MS = 15_000;
const NAVIGATION_MS = 45_000;
const VIEWPORT = { width: 1280, height: 800 };

export interface Tab {
  page: Page;
  console: string[];
}

/** The browser with its tabs. One tab is the current one; new ones that a page opens become it. */
export interface Tabs {
  context: BrowserContext;
  all(): readonly Tab[];
  current(): Promise<Tab>;
  select(index: number): Promise<Tab>;
  open(): Promise<Tab>;
  close(index: number): Promise<void>;
  /** Things that happened beside the actions: dialogs, downloads. Asking empties the list. */
  takeNotices(): string[];
}

function launchArguments(proxy: string | null): string[] {
  return [
    // The sandbox around it isolates the browser; it cannot make a second one inside.
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-background-timer-throttling',
    '--disable-renderer-backgrounding',
    '--disable-backgrounding-occluded-windows',
    '--no-first-run',
    ...(proxy === null
      ? []
      : [
          `--proxy-server=${proxy}`,
          // Without the first word Chromium goes past the proxy to link-local addresses, where it gets nowhere and nobody notes it.
          '--proxy-bypass-list=<-loopback>;localhost;127.0.0.1;[::1]',
        ]),
  ];
}

/** Starts Chromium with a profile that lasts as long as the sandbox's home. */
export async function openTabs(settings: BrowserSettings): Promise<Tabs> {
  const context = await chromium.launchPersistentContext(settings.profile, {
    executablePath: settings.executable,
    headless: true,
    args: launchArguments(settings.proxy),
    viewport: VIEWPORT,
    acceptDownloads: true,
  });
  context.setDefaultTimeout(ACTION_MS);
  context.setDefaultNavigationTimeout(NAVIGATION_MS);
  const tabs: Tab[] = [];
  const notices: string[] = [];
  let current: Tab | undefined;

  function adopt(page: Page): Tab {
    const known = tabs.find((tab) => tab.page === page);
    if (known !== undefined) return known;
    const tab: Tab = { page, console: [] };
    tabs.push(tab);
    current = tab;
    const say = (line: string): void => {
      tab.console.push(line.slice(0, 2_000));
      if (tab.console.length > CONSOLE_LINES) tab.console.shift();
    };
    page.on('console', (message) => say(`[${message.type()}] ${message.text()}`));
    page.on('pageerror', (error) => say(`[error] ${error.stack ?? error.message}`));
    page.on('dialog', (dialog) => {
      notices.push(
        `A dialog of the page (${dialog.type()}) said ${JSON.stringify(dialog.message())} and was dismissed.`,
      );
      dialog.dismiss().catch(() => {
        // The page closed it first.
      });
    });
    page.on('download', (download) => {
      const target = join(settings.downloads, download.suggestedFilename().replace(/[/\\]/g, '_'));
      download.saveAs(target).then(
        () => notices.push(`A download was saved at ${target}.`),
        (error: unknown) => notices.push(`A download failed: ${String(error)}`),
      );
    });
    page.once('close', () => {
      tabs.splice(tabs.indexOf(tab), 1);
      if (current === tab) current = tabs.at(-1);
    });
    return tab;
  }
  context.on('page', adopt);
  for (const page of context.pages()) adopt(page);

  async function open(): Promise<Tab> {
    return adopt(await context.newPage());
  }
  function at(index: number): Tab {
    const tab = tabs[index];
    if (tab === undefined)
      throw new Error(`there is no tab ${index}; there are ${tabs.length}, counted from 0`);
    return tab;
  }
  return {
    context,
    all: () => tabs,
    current: async () => current ?? open(),
    async select(index) {
      current = at(index);
      await current.page.bringToFront();
      return current;
    },
    open,
    async close(index) {
      await at(index).page.close();
    },
    takeNotices: () => notices.splice(0),
  };
}
