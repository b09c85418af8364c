import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, hasBrowser, launchBrowser, openPage } from '../../harness/browser.ts';
import { startConsoleLab, type ConsoleLab, type PlannedEvent } from '../../harness/console-lab.ts';

/** Long enough for a busy machine. */
const SOON = { timeout: 60_000 };

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const usage = {
  input_tokens: 900,
  output_tokens: 80,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};
const text = (words: string) => [{ type: 'text', text: words }];
const call = (id: string, name: string, input: object, permission = 'allow'): PlannedEvent => ({
  type: 'agent.tool_use',
  id,
  name,
  input,
  evaluated_permission: permission,
});

/** A log with every kind of row, ending in a question. */
const EVERYTHING: PlannedEvent[] = [
  { type: 'user.message', content: text('Please tidy up, and show me.') },
  { type: 'span.model_request_start', id: 'sevt_r1' },
  { type: 'agent.thinking' },
  {
    type: 'agent.message',
    content: text(
      '# Plan\n\n1. look\n2. **edit**\n\n| a | b |\n|---|---|\n| 1 | `x` |\n\n```ts\nconst x = "y";\n```\n\n> done',
    ),
  },
  call('sevt_t1', 'bash', { command: 'ls --color' }),
  call('sevt_t2', 'edit', {
    file_path: '/workspace/a.ts',
    old_string: 'let a = 1;',
    new_string: 'const a = 1;',
  }),
  call('sevt_t3', 'browser_screenshot', {}),
  call('sevt_t4', 'grep', { pattern: 'TODO', path: 'src' }),
  { type: 'span.model_request_end', model_request_start_id: 'sevt_r1', is_error: false, model_usage: usage },
  {
    type: 'agent.tool_result',
    tool_use_id: 'sevt_t1',
    content: text('\u001b[1;34mfolder\u001b[0m \u001b[32mscript.sh\u001b[0m'),
  },
  { type: 'agent.tool_result', tool_use_id: 'sevt_t2', content: text('edited'), is_error: false },
  {
    type: 'agent.tool_result',
    tool_use_id: 'sevt_t3',
    content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } }],
  },
  { type: 'agent.tool_result', tool_use_id: 'sevt_t4', content: text('no such folder'), is_error: true },
  { type: 'span.model_request_start', id: 'sevt_r0' },
  { type: 'agent.message', content: text('It is nearly do') },
  {
    type: 'span.model_request_end',
    model_request_start_id: 'sevt_r0',
    is_error: false,
    model_usage: usage,
    stop_reason: 'max_tokens',
  },
  {
    type: 'session.error',
    error: { type: 'model_overloaded_error', message: 'Overloaded.', retry_status: { type: 'retrying' } },
  },
  { type: 'session.status_rescheduled' },
  { type: 'span.model_request_start', id: 'sevt_r2' },
  call('sevt_t5', 'bash', { command: 'rm -rf build\u200b/' }, 'ask'),
  { type: 'span.model_request_end', model_request_start_id: 'sevt_r2', is_error: false, model_usage: usage },
  { type: 'session.usage', usage: { list_cost: { amount: '12', currency: 'USD' } } },
  {
    type: 'session.status_idle',
    stop_reason: { type: 'requires_action', event_ids: ['sevt_t5'] },
    stop_details: null,
  },
];

/** A session's page keeps a stream open, so the network is never idle. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading').first().waitFor();
  await expect.poll(() => page.locator('.loading').count(), SOON).toBe(0);
}

describe.skipIf(!hasBrowser())('the views of the console', () => {
  let lab: ConsoleLab;
  let browser: Browser;
  let places: [name: string, address: string][];

  beforeAll(async () => {
    lab = await startConsoleLab();
    browser = await launchBrowser();
    const { beta } = lab.api.client();
    const { id } = await lab.session('Every kind of row', EVERYTHING);
    await lab.session('Running', [{ type: 'user.message', content: text('go') }], 'running');
    const agent = (await beta.agents.list()).data[0]?.id ?? '';
    const environment = (await beta.environments.list()).data[0]?.id ?? '';
    await beta.files.upload({ file: new File(['x'], 'notes.txt') });
    const skill = await beta.skills.create({
      files: [
        new File(
          ['---\nname: greeter\ndescription: Greets people.\n---\n\n# Greet\n\nSay hello.\n'],
          'greeter/SKILL.md',
        ),
        new File(['print("hello")\n'], 'greeter/scripts/hello.py'),
      ],
    });
    places = [
      ['sessions', '/sessions'],
      ['new session', '/sessions?new=1'],
      ['session', `/sessions/${id}`],
      ['agents', '/agents'],
      ['agent', `/agents/${agent}`],
      ['environments', '/environments'],
      ['environment', `/environments/${environment}`],
      ['skills', '/skills'],
      ['skill', `/skills/${skill.id}`],
      ['files', '/files'],
      ['models', '/models'],
    ];
  });
  afterAll(async () => {
    await browser.close();
    await lab.api.stop();
  });

  describe.each(['light', 'dark'] as const)('in the %s theme', (colorScheme) => {
    it('have nothing that an automatic check of accessibility finds wrong', async () => {
      const { page, problems } = await openPage(browser, { colorScheme, reducedMotion: 'reduce' });
      const found: Record<string, string[]> = {};
      const check = async (name: string) => {
        const wrong = await accessibilityProblems(page);
        if (wrong.length > 0) found[name] = wrong;
      };
      for (const [name, address] of places) {
        await page.goto(lab.api.url + address);
        await settled(page);
        if (name === 'agent') await page.getByText('Files, shell and web').click();
        await check(name);
      }
      await page.goto(lab.api.url + (places[2]?.[1] ?? ''));
      await page.getByRole('button', { name: 'Details, files and events' }).click();
      for (const tab of ['Details', 'Files', 'Tools', 'Events']) {
        await page.getByRole('tab', { name: tab }).click();
        await settled(page);
        await check(`session, ${tab}`);
      }
      await page.getByRole('button', { name: 'Deny …' }).click();
      await check('session, denying');
      await page.getByRole('button', { name: 'Back', exact: true }).click();
      await page.getByRole('tab', { name: 'Details' }).press('?');
      await page.getByRole('dialog').waitFor();
      await check('shortcuts');
      await page.context().close();
      expect(found).toEqual({});
      expect(problems).toEqual([]);
    });
  });

  it('fit a phone', async () => {
    const { page, problems } = await openPage(browser, {
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    for (const [name, address] of places) {
      await page.goto(lab.api.url + address);
      await settled(page);
      expect([name, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([name, 360]);
    }
    await page.goto(lab.api.url + (places[2]?.[1] ?? ''));
    const allow = await page.getByRole('button', { name: 'Allow' }).boundingBox();
    expect((allow?.x ?? 0) + (allow?.width ?? 999)).toBeLessThanOrEqual(360);
    await page.context().close();
    expect(problems).toEqual([]);
  });

  it('can be used by the keyboard alone', async () => {
    const { page } = await openPage(browser);
    await page.goto(lab.api.url);
    await page.getByRole('heading', { name: 'Sessions' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.getByRole('heading', { name: 'Agents' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('link', { name: 'Every kind of row' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('every kind');
    await page.getByText('1 of 2 sessions').waitFor();
    await page.getByRole('link', { name: 'Every kind of row' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('half a thought');
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('half a thought');
    await page.context().close();
  });

  it('make and change agents and environments', async () => {
    const { page, problems } = await openPage(browser);
    const { beta } = lab.api.client();
    await page.goto(`${lab.api.url}/agents`);
    await page.getByRole('button', { name: 'New agent' }).click();
    await page.getByLabel('Name').fill('Made here');
    await page.getByLabel('System prompt').fill('Be kind.');
    await page.getByText('Files, shell and web').click();
    await page.getByRole('combobox', { name: 'bash: Allow' }).click();
    await page.getByRole('option', { name: 'Ask first' }).click();
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'Made here' }).waitFor();
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    const [toolset] = (await beta.agents.retrieve(id)).tools;
    expect(toolset).toMatchObject({
      configs: expect.arrayContaining([
        expect.objectContaining({ name: 'bash', permission_policy: { type: 'always_ask' } }),
      ]),
    });
    await page.getByLabel('Description').fill('Changed');
    await page.getByRole('button', { name: 'Save as a new version' }).click();
    await page.getByText('Version 2').waitFor();
    await page.getByRole('status').getByText('Saved.').waitFor();
    expect(await beta.agents.retrieve(id)).toMatchObject({
      version: 2,
      description: 'Changed',
      system: 'Be kind.',
    });
    // Somebody else makes a version meanwhile: nothing is taken back, and nothing that was typed is lost.
    await page.getByLabel('Description').fill('Mine');
    await beta.agents.update(id, { version: 2, name: 'Theirs' });
    await page.getByRole('button', { name: 'Save as a new version' }).click();
    await page.getByText('is at version 3, not 2').waitFor();
    expect(await page.getByLabel('Description').inputValue()).toBe('Mine');

    await page.goto(`${lab.api.url}/environments`);
    await page.getByRole('button', { name: 'New environment' }).click();
    await page.getByLabel('Name').fill('Closed');
    await page.getByRole('combobox', { name: /^Network/ }).click();
    await page.getByRole('option', { name: /Limited/ }).click();
    await page.getByLabel('Allowed hosts').fill('api.example.com');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'Closed' }).waitFor();
    const made = await beta.environments.retrieve(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    expect(made.config).toMatchObject({
      networking: { type: 'limited', allowed_hosts: ['api.example.com'] },
    });
    await page.context().close();
    expect(problems).toEqual([]);
  });

  it('show what is in a skill, and say why one is refused', async () => {
    const { page, problems } = await openPage(browser);
    await page.goto(lab.api.url + (places.find(([name]) => name === 'skill')?.[1] ?? ''));
    await page.getByRole('heading', { name: 'Greet', exact: true }).waitFor();
    await page.getByRole('button', { name: 'scripts/hello.py' }).click();
    await page.getByText('print("hello")').waitFor();
    await page.goto(`${lab.api.url}/skills`);
    await page.getByRole('button', { name: 'Upload a skill' }).click();
    await page
      .getByLabel('Zip file of a skill')
      .setInputFiles({ name: 'broken.zip', mimeType: 'application/zip', buffer: Buffer.from('no zip') });
    expect(await page.getByRole('alert').innerText()).not.toBe('');
    await page.context().close();
    expect(problems).toEqual([]);
  });
});

describe.skipIf(!hasBrowser())('a session of 10,000 events', () => {
  it('opens at its end, is loaded page by page, and keeps few rows', async () => {
    const lab = await startConsoleLab();
    const browser = await launchBrowser();
    try {
      const turns = Array.from({ length: 2_500 }, (_, turn): PlannedEvent[] => [
        { type: 'user.message', content: text(`question ${turn}`) },
        call(`sevt_many_${turn}`, 'bash', { command: `echo ${turn}` }),
        {
          type: 'agent.tool_result',
          tool_use_id: `sevt_many_${turn}`,
          content: text(`${turn}\n`.repeat((turn % 7) + 1)),
        },
        { type: 'agent.message', content: text(`answer ${turn}`) },
      ]).flat();
      const { id, events } = await lab.session('Long', turns);
      const { page, problems } = await openPage(browser);
      await page.goto(`${lab.api.url}/sessions/${id}`);
      await page.getByText('answer 2499').waitFor();
      const transcript = page.getByRole('log', { name: 'Transcript' });
      const rows = () => page.getByRole('article').count();
      expect(await rows()).toBeLessThan(60);

      // What the reader looks at stays where it is while older pages come in above.
      await transcript.evaluate((element) => element.scrollTo(0, 0));
      await expect
        .poll(() => page.getByRole('article').first().innerText(), SOON)
        .not.toContain('question 2375');
      for (let pages = 0; pages < 40; pages += 1) {
        await transcript.evaluate((element) => element.scrollTo(0, 0));
        if ((await page.getByText('question 0', { exact: true }).count()) > 0) break;
        await page.waitForTimeout(150);
      }
      await page.getByText('question 0', { exact: true }).waitFor();
      expect(await rows()).toBeLessThan(60);

      await page.getByRole('button', { name: 'Latest' }).click();
      await page.getByText('answer 2499').waitFor();

      // An event far back is found by its link.
      await page.goto(`${lab.api.url}/sessions/${id}?event=${events[4 * 100]}`);
      await page.locator('[data-wanted]').getByText('question 100', { exact: true }).waitFor();
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
      await lab.api.stop();
    }
  });
});

describe.skipIf(!hasBrowser())('a service with keys', () => {
  it('asks for one, keeps it from scripts, and lets go of it', async () => {
    const lab = await startConsoleLab([{ key: 'the-key', workspace: 'research' }]);
    const browser = await launchBrowser();
    try {
      await lab.session('Mine', []);
      const { page, problems } = await openPage(browser);
      await page.goto(`${lab.api.url}/sessions`);
      await page.getByLabel('API key').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page
        .getByRole('alert')
        .getByText(/not valid/)
        .waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.getByLabel('API key').fill('the-key');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('link', { name: 'Mine' }).waitFor();
      const stored = 'document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)';
      expect(await page.evaluate(stored)).not.toContain('the-key');
      expect(await page.getByText('research').count()).toBe(1);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('API key').waitFor();
      await page.reload();
      await page.getByLabel('API key').waitFor();
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
      await lab.api.stop();
    }
  });
});
