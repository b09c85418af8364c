import { existsSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** The system's Chromium, which `npm run setup` installs. */
const BROWSER = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/**
 * Whether tests in a browser can run here. A machine of a build pipeline must have one; elsewhere a warning says what is not tested.
 */
export function hasBrowser(): boolean {
  if (BROWSER !== undefined) return true;
  if (process.env['CI']) throw new Error('There is no Chromium. npm run setup installs it.');
  console.warn('There is no Chromium, so the tests in a browser do not run. npm run setup installs it.');
  return false;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: BROWSER ?? '', args: ['--no-sandbox'] });
}

/** A page, and what went wrong in it: errors of its scripts, and everything that its content policy stopped. */
export interface WatchedPage {
  page: Page;
  problems: string[];
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('dialog', (dialog) => {
    problems.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted|Refused to/i.test(message.text())) problems.push(message.text());
  });
  return { page, problems };
}

/** What an automatic check of accessibility finds wrong, in a form to read. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html.slice(0, 200)}\n${failureSummary ?? ''}`),
  );
}
