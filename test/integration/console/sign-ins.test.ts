import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, hasBrowser, launchBrowser, openPage } from '../../harness/browser.ts';
import { startConsoleLab, type ConsoleLab } from '../../harness/console-lab.ts';

const KEY = 'the-key';

describe.skipIf(!hasBrowser())('sign-ins in the console', () => {
  let lab: ConsoleLab;
  let browser: Browser;
  beforeAll(async () => {
    lab = await startConsoleLab([{ key: KEY, workspace: 'red' }]);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await lab.api.stop();
  });

  async function signIn(userAgent: string) {
    const opened = await openPage(browser, { userAgent });
    await opened.page.goto(`${lab.api.url}/sessions`);
    await opened.page.getByLabel('API key').fill(KEY);
    await opened.page.getByRole('button', { name: 'Sign in' }).click();
    await opened.page.getByRole('heading', { name: 'Sessions' }).waitFor();
    return opened;
  }

  it('are listed, and one that is ended is asked for a key, also where it only watches a session', async () => {
    const session = await lab.session('watched', [
      { type: 'user.message', content: [{ type: 'text', text: 'hello there' }] },
    ]);
    const first = await signIn('First browser');
    const second = await signIn('Second browser');
    await second.page.goto(`${lab.api.url}/sessions/${session.id}`);
    await second.page.getByText('hello there').waitFor();

    await first.page.getByRole('link', { name: 'Sign-ins' }).click();
    await first.page.getByText('This browser').waitFor();
    const row = first.page.getByRole('row', { name: /Second/ });
    expect(await accessibilityProblems(first.page)).toEqual([]);
    await row.getByRole('button', { name: /^End sign-in/ }).click();
    await first.page.getByRole('alertdialog').getByRole('button', { name: 'End' }).click();
    await row.waitFor({ state: 'detached' });
    await second.page.getByLabel('API key').waitFor();

    const [own] = await first.page.context().cookies();
    expect(own).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/', expires: -1 });
    expect(own?.value).not.toContain(KEY);
    await first.page.getByRole('button', { name: 'End this sign-in' }).click();
    await first.page.getByRole('alertdialog').getByRole('button', { name: 'Sign out' }).click();
    await first.page.getByLabel('API key').waitFor();
    expect([...first.problems, ...second.problems]).toEqual([]);
  });

  it('end with signing out, on the server too', async () => {
    const { page } = await signIn('A browser');
    const [kept] = await page.context().cookies();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    expect(await page.context().cookies()).toEqual([]);
    const headers = { cookie: `${kept?.name}=${kept?.value}` };
    expect((await fetch(`${lab.api.url}/v1/models`, { headers })).status).toBe(401);
  });
});
