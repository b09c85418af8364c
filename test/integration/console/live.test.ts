import Anthropic from '@anthropic-ai/sdk';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasBrowser, launchBrowser, openPage } from '../../harness/browser.ts';
import { ensureBuiltConsole } from '../../harness/built-console.ts';
import { startService, type RunningService } from '../../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../../scripted-model-server/index.ts';

/** Long enough for a busy machine. */
const SOON = { timeout: 60_000 };

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe.skipIf(!hasBrowser())('the console on the whole service', () => {
  let models: ScriptedModelServer;
  let service: RunningService;
  let client: Anthropic;
  let browser: Browser;
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    ensureBuiltConsole();
    models = await startScriptedModelServer();
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    });
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 5 });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
    await models.close();
  });
  beforeEach(async () => {
    ({ page, problems } = await openPage(browser));
  });
  afterEach(async () => {
    await page.context().close();
    expect(problems).toEqual([]);
  });

  const policy = (type: 'always_allow' | 'always_ask') => ({ permission_policy: { type } });
  async function newSession(first: string, permission: 'always_allow' | 'always_ask' = 'always_allow') {
    const environment = await client.beta.environments.create({ name: first });
    const agent = await client.beta.agents.create({
      name: `Agent of ${first}`,
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401', default_config: policy(permission) }],
    });
    const session = await client.beta.sessions.create({
      agent: agent.id,
      environment_id: environment.id,
      title: first,
    });
    await page.goto(`${service.url}/sessions/${session.id}`);
    await message().fill(first);
    await message().press('Enter');
    return session;
  }
  async function eventsOf(id: string) {
    return (await client.beta.sessions.events.list(id)).data;
  }
  const message = () => page.getByRole('textbox', { name: 'Message' });
  const answers = () => page.getByRole('article', { name: 'Answer' });

  it('starts a session in two clicks where there is nothing yet, and shows text as it is written', async () => {
    models.scenario({
      when: 'tell me a story',
      steps: [
        {
          blocks: [
            { type: 'thinking', text: 'hm' },
            { type: 'text', tokens: 120 },
          ],
          gapMs: 25,
        },
      ],
    });
    await page.goto(service.url);
    await page.getByRole('button', { name: 'New session' }).click();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL(/\/sessions\/sesn_/);
    await page.getByText('Nothing said yet').waitFor();
    await page.keyboard.press('n');
    await page.getByLabel('First message').fill('tell me a story');
    await page.keyboard.press('Control+Enter');
    await page.locator('.answer[data-live]').waitFor();
    const early = (await answers().innerText()).length;
    await page.getByText('Done', { exact: true }).waitFor();
    expect(await page.locator('.answer[data-live]').count()).toBe(0);
    const whole = (await answers().innerText()).length;
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThan(whole);
    expect(await page.getByRole('article', { name: 'Thinking' }).count()).toBe(1);

    await page.getByRole('link', { name: 'All sessions' }).click();
    await page
      .getByRole('row', { name: /tell me a story/ })
      .getByText('Idle')
      .waitFor();
  });

  it('shows commands with their output, and edits as differences', async () => {
    const file = '/workspace/greeting.txt';
    models.scenario({
      when: 'edit the greeting',
      steps: [
        {
          blocks: [
            { type: 'tool_use', name: 'bash', input: { command: `echo hello > ${file}; cat ${file}` } },
          ],
        },
        {
          blocks: [
            {
              type: 'tool_use',
              name: 'edit',
              input: { file_path: file, old_string: 'hello', new_string: 'good day' },
            },
          ],
        },
        { blocks: [{ type: 'text', text: 'It is **changed**.' }] },
      ],
    });
    await newSession('edit the greeting');
    await page.getByText('Done', { exact: true }).waitFor();
    expect(await page.getByRole('group', { name: 'Command' }).innerText()).toContain(`cat ${file}`);
    expect(await page.getByRole('group', { name: 'Output of bash' }).innerText()).toBe('hello');
    const difference = page.getByRole('group', { name: `Changes in ${file}` });
    expect(await difference.locator('.diff-removed').innerText()).toContain('-hello');
    expect(await difference.locator('.diff-added').innerText()).toContain('+good day');
    expect(await answers().locator('strong').innerText()).toBe('changed');
    expect(await page.getByRole('article', { name: 'Model request' }).count()).toBe(3);
  });

  it('asks before a call runs, shows every hidden character, and runs what was allowed', async () => {
    models.scenario({
      when: 'ask me',
      steps: [
        { blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'echo allowed \u202e#' } }] },
        { blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'echo second' } }] },
        { blocks: [{ type: 'text', text: 'understood' }] },
      ],
    });
    const { id } = await newSession('ask me', 'always_ask');
    const question = page.getByRole('region', { name: 'The agent waits for you' });
    await question.getByText('U+202E').waitFor();
    expect(await question.getByRole('alert').innerText()).toContain('1 hidden character');
    await expect
      .poll(() => message().getAttribute('placeholder'), SOON)
      .toBe('Answer the question above first');
    await question.getByRole('button', { name: 'Allow' }).click();

    await question.getByText('echo second').waitFor();
    expect(await page.getByRole('group', { name: 'Output of bash' }).innerText()).toContain('allowed');
    // By the keyboard alone.
    await question.getByRole('button', { name: 'Allow' }).focus();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.type('not today');
    await page.keyboard.press('Enter');
    await page.getByText('understood').waitFor();
    expect(await question.count()).toBe(0);
    const events = await eventsOf(id);
    expect(events.filter(({ type }) => type === 'user.tool_confirmation')).toMatchObject([
      { result: 'allow' },
      { result: 'deny', deny_message: 'not today' },
    ]);
    expect(await page.getByText('Denied: not today').count()).toBe(1);
  });

  it('interrupts by the Escape key and by the button', async () => {
    models.scenario({
      when: 'go on for ever',
      steps: [{ blocks: [{ type: 'text', tokens: 4_000 }], gapMs: 30 }],
    });
    await newSession('go on for ever');
    await page.locator('.answer[data-live]').waitFor();
    await message().press('Escape');
    await page.getByText('You interrupted the agent').waitFor();
    await page.getByText('Done', { exact: true }).waitFor();
    await message().fill('again');
    await message().press('Enter');
    await page.getByRole('button', { name: 'Interrupt' }).click();
    await expect.poll(() => page.getByText('You interrupted the agent').count(), SOON).toBe(2);
  });

  it('takes files by button, drop and paste', async () => {
    models.scenario({
      when: 'look at these',
      steps: [
        { blocks: [{ type: 'text', text: 'seen' }] },
        { blocks: [{ type: 'text', text: 'seen again' }] },
      ],
    });
    const { id } = await newSession('look at these');
    await page.getByText('Done', { exact: true }).waitFor();
    await page.getByLabel('Files to attach').setInputFiles([
      { name: 'one.png', mimeType: 'image/png', buffer: PIXEL },
      { name: 'two.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') },
    ]);
    for (const kind of ['drop', 'paste'] as const) {
      await page.evaluate(`{
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob('${PIXEL.toString('base64')}'), (character) => character.charCodeAt(0));
        data.items.add(new File([bytes], '${kind}.png', { type: 'image/png' }));
        const how = { bubbles: true, cancelable: true };
        document.querySelector('.composer-box').dispatchEvent(
          ${kind === 'drop' ? "new DragEvent('drop', { ...how, dataTransfer: data })" : "new ClipboardEvent('paste', { ...how, clipboardData: data })"}
        );
      }`);
    }
    const attachments = page.getByRole('list', { name: 'Attachments' }).getByRole('listitem');
    await expect.poll(() => attachments.count(), SOON).toBe(4);
    await page.getByRole('button', { name: 'Remove paste.png' }).click();
    await message().fill('here');
    await page.getByRole('button', { name: 'Send' }).click();
    await expect.poll(() => attachments.count(), SOON).toBe(0);
    await expect.poll(async () => (await client.beta.sessions.retrieve(id)).status, SOON).toBe('idle');
    const [last] = (
      await client.beta.sessions.events.list(id, { types: ['user.message'], order: 'desc', limit: 1 })
    ).data;
    expect(last).toMatchObject({
      content: [
        { type: 'text', text: 'here' },
        { type: 'image', source: { type: 'file' } },
        { type: 'image', source: { type: 'file' } },
        { type: 'text', text: expect.stringMatching(/^Attached files:\n\/.*\/two\.csv$/) },
      ],
    });
  });

  it('keeps what is written while a message is on its way, for the next one', async () => {
    models.scenario({
      when: 'keep this',
      steps: ['one', 'two', 'three'].map((text) => ({ blocks: [{ type: 'text', text }] })),
    });
    await newSession('keep this');
    await answers().getByText('one').waitFor();
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    await page.route('**/events', async (route) => {
      arrived.resolve();
      await released.promise;
      await route.continue();
    });
    await message().fill('first');
    await message().press('Enter');
    await arrived.promise;
    await message().fill('second');
    released.resolve();
    await answers().getByText('two').waitFor();
    expect(await message().inputValue()).toBe('second');
    await message().press('Enter');
    await answers().getByText('three').waitFor();
    expect(await message().inputValue()).toBe('');
  });

  it('says that the connection is lost when the api dies, and goes on where it was', async () => {
    models.scenario({
      when: 'survive',
      steps: [
        { blocks: [{ type: 'text', text: 'first answer' }] },
        {
          blocks: [
            { type: 'text', tokens: 150 },
            { type: 'text', text: 'after it all' },
          ],
          gapMs: 40,
        },
      ],
    });
    await newSession('survive');
    await page.getByText('first answer').waitFor();
    await page.getByText('Done', { exact: true }).waitFor();
    await message().fill('now');
    await message().press('Enter');
    await page.locator('.answer[data-live]').waitFor();
    await service.kill('api');
    await page.getByText(/Connection lost/).waitFor();
    await page.getByText('after it all').waitFor();
    await page.getByText(/Connection lost/).waitFor({ state: 'hidden' });
    await expect.poll(() => page.getByText('Done', { exact: true }).count(), SOON).toBe(2);
    expect(await page.getByText('first answer').count()).toBe(1);
    expect(await page.getByText('after it all').count()).toBe(1);
  });

  it('completes the names of the session’s skills', async () => {
    const environment = await client.beta.environments.create({ name: 'skilled' });
    const agent = await client.beta.agents.create({
      name: 'Skilled',
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401' }],
      skills: ['pdf', 'data-analysis'].map((id) => ({ type: 'anthropic' as const, skill_id: id })),
    });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    await page.goto(`${service.url}/sessions/${session.id}`);
    await message().fill('/d');
    const offered = page.getByRole('listbox', { name: 'Skills' }).getByRole('option');
    await expect.poll(() => offered.count(), SOON).toBe(2);
    await message().press('ArrowDown');
    expect(await page.getByRole('option', { selected: true }).innerText()).toMatch(/^\/pdf/);
    await message().press('ArrowUp');
    await message().press('Enter');
    expect(await message().inputValue()).toBe('/data-analysis ');
    await page.getByRole('button', { name: 'Details, files and events' }).click();
    await page.getByRole('complementary').getByRole('link', { name: 'PDF' }).waitFor();
  });

  it('leads to one event, and to the run in the Temporal UI', async () => {
    models.scenario({ when: 'link me', steps: [{ blocks: [{ type: 'text', text: 'the linked words' }] }] });
    const { id } = await newSession('link me');
    await page.getByText('Done', { exact: true }).waitFor();
    const events = await eventsOf(id);
    await page.goto(
      `${service.url}/sessions/${id}?event=${events.find(({ type }) => type === 'agent.message')?.id}`,
    );
    const wanted = page.locator('[data-wanted]');
    await wanted.waitFor();
    expect(await wanted.innerText()).toContain('the linked words');
    const run = await page.getByRole('link', { name: 'The run in the Temporal UI' }).getAttribute('href');
    expect(run).toBe(`/temporal/namespaces/default/workflows/${id}`);
    expect((await fetch(service.url + run)).status).toBe(200);
  });
});
