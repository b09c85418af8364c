import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import type { BetaManagedAgentsAgentToolset20260401Params } from '@anthropic-ai/sdk/resources/beta/agents';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startConversations, type Conversations, type Move } from '../harness/conversations.ts';
import { startService, type RunningService } from '../harness/service.ts';

const PAGE = `<!doctype html><title>Order</title>
<body style="background: rgb(0, 128, 0)"><h1>Order form</h1>
<label>Name <input id="name"></label>
<label>Size <select id="size"><option>small</option><option>large</option></select></label>
<button onclick="document.querySelector('output').textContent =
  document.querySelector('#name').value + ' wants ' + document.querySelector('#size').value;
  console.log('ordered')">Order</button>
<output></output>
<a href="/other.html" target="_blank">Other page</a>`;

/** Plays the recording of the outputs folder to its end, and tells how large its last picture is and what colour a corner has. */
const PLAYER = `(async () => {
  const [name] = (await (await fetch('/recordings/')).text()).match(/recording-[^"<]+webm/);
  const video = document.createElement('video');
  // The whole of it: the server sends no ranges, and then a video cannot be wound.
  video.src = URL.createObjectURL(await (await fetch('/recordings/' + name)).blob());
  await new Promise((resolve, reject) => { video.onloadeddata = resolve; video.onerror = () => reject(video.error); });
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight).getContext('2d');
  video.currentTime = 1e6;
  await new Promise((resolve) => { video.onseeked = resolve; });
  // Where the machine is busy, the picture comes some time after the place: until then nothing is drawn, and what is not drawn is clear.
  const end = Date.now() + 10000;
  for (;;) {
    canvas.drawImage(video, 0, 0);
    const [red, green, blue, cover] = canvas.getImageData(1200, 700, 1, 1).data;
    if (cover === 0 && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    return video.videoWidth + 'x' + video.videoHeight + ' ' + (green > 90 && red < 60 && blue < 60 ? 'green' : [red, green, blue, cover]);
  }
})()`;

const use = (name: string, input: Record<string, unknown> = {}): Move => ({ name, input });

/** Seconds, and a name by which the command is found among the host's processes. */
const PAUSE = '4.54321';

function runsOnThisHost(commandLine: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === commandLine;
    } catch {
      // No process, or one that is gone.
      return false;
    }
  });
}

/** The reference of the first element in a snapshot whose line has these words. */
function refOf(snapshot: string, words: string): string {
  const line = snapshot.split('\n').find((row) => row.includes(words));
  const ref = /\[ref=([a-z0-9]+)\]/.exec(line ?? '')?.[1];
  if (ref === undefined) throw new Error(`no element ${words} in:\n${snapshot}`);
  return ref;
}

describe('an agent with the browser and code toolsets', () => {
  let models: Conversations;
  let service: RunningService;
  let client: Anthropic;

  const web = createServer((request, response) => {
    if (request.url?.startsWith('/search')) {
      const results = [{ title: 'Found', url: `http://${request.headers.host}/page`, content: 'a page' }];
      response.end(JSON.stringify({ results }));
    } else if (request.url === '/page') response.writeHead(302, { location: '/moved' }).end();
    else if (request.url === '/inward') response.writeHead(302, { location: 'http://10.0.0.1/' }).end();
    else
      response.setHeader('content-type', 'text/html').end('<title>T</title><h1>Hello</h1><p>from afar</p>');
  });
  let site = '';

  beforeAll(async () => {
    models = await startConversations();
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    site = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_WEB_SEARCH_PROVIDER: 'searxng',
      MANAGED_AGENT_WEB_SEARCH_BASE_URL: site,
      // The test's own site stands for the internet.
      MANAGED_AGENT_SANDBOX_PRIVATE_NETWORKS: '["127.0.0.1"]',
    });
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 20 });
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
    web.close();
  });

  async function newSession(name: string): Promise<string> {
    const environment = await client.beta.environments.create({ name });
    const agent = await client.beta.agents.create({
      name,
      model: 'claude-scripted',
      tools: ['agent_toolset_20260401', 'browser_toolset_20261101', 'code_toolset_20261101'].map(
        // The vendor's types know the first only.
        (type) => ({ type }) as BetaManagedAgentsAgentToolset20260401Params,
      ),
    });
    return (await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id;
  }

  async function say(sessionId: string, message: string): Promise<void> {
    await client.beta.sessions.events.send(sessionId, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: message }] }],
    });
  }

  async function untilIdle(sessionId: string): Promise<void> {
    await vi.waitUntil(async () => (await client.beta.sessions.retrieve(sessionId)).status === 'idle', {
      timeout: 100_000,
      interval: 100,
    });
  }

  it('is told of by the service that is ready for it', async () => {
    const checks = await vi.waitUntil(
      async () => {
        const answer = await (await fetch(`${service.url}/status`)).json();
        const { hands } = (answer as { parts: Record<string, { state: string; detail: string }> }).parts;
        return hands?.detail.includes('not known yet') === false && hands;
      },
      { timeout: 30_000, interval: 100 },
    );
    expect(checks.detail).toMatch(/: bubblewrap\. .*user id.*\. Memory.*: .*\. Disk: .*\./);
  });

  it('drives a browser in its sandbox, sees its screenshots, and hands over a recording', async () => {
    const sessionId = await newSession('browser');
    const seen = models.plan('drive the browser', [
      () => use('write', { file_path: 'site/index.html', content: PAGE }),
      () => use('write', { file_path: 'site/other.html', content: '<title>Other</title><p>second' }),
      () => use('process_start', { command: 'cd site && exec python3 -m http.server 8123' }),
      () => use('process_start', { command: 'cd /mnt/session/outputs && exec python3 -m http.server 8124' }),
      () =>
        use('bash', {
          command: 'until curl -sf localhost:8123 localhost:8124; do sleep 0.1; done > /dev/null 2>&1',
        }),
      () => use('browser_record', { action: 'start' }),
      () => use('browser_navigate', { url: 'http://localhost:8123/' }),
      (snapshot) => use('browser_type', { ref: refOf(snapshot, 'textbox "Name"'), text: 'Ada' }),
      (snapshot) => use('browser_select', { ref: refOf(snapshot, 'combobox "Size"'), values: ['large'] }),
      (snapshot) => use('browser_click', { ref: refOf(snapshot, 'button "Order"') }),
      () => use('browser_evaluate', { script: 'document.querySelector("output").textContent' }),
      () => use('browser_console'),
      () => use('browser_snapshot'),
      (snapshot) => use('browser_click', { ref: refOf(snapshot, 'link "Other page"') }),
      () => use('browser_tabs', { action: 'select', index: 0 }),
      () => use('browser_press', { key: 'Tab' }),
      () => use('browser_scroll', { direction: 'up' }),
      () => use('browser_screenshot'),
      () => use('bash', { command: 'sleep 3' }),
      () => use('browser_record', { action: 'status' }),
      () => use('browser_record', { action: 'stop' }),
      () => use('browser_tabs', { action: 'new', url: 'http://localhost:8124/' }),
      () => use('browser_evaluate', { script: PLAYER }),
      () => use('browser_tabs', { action: 'close', index: 2 }),
      () => use('browser_click', { ref: 'e999' }),
      () => 'done',
    ]);
    await say(sessionId, 'drive the browser');
    await untilIdle(sessionId);

    const shown = (name: string, nth = 1): string =>
      seen.filter((result) => result.tool === name)[nth - 1]?.text ?? '';
    expect(shown('browser_navigate')).toMatch(/^Page: http:\/\/localhost:8123\/\nTitle: Order\n/);
    expect(shown('browser_type')).toContain('textbox "Name" [active]');
    expect(shown('browser_select')).toContain('option "large" [selected]');
    expect(shown('browser_evaluate')).toBe("'Ada wants large'");
    expect(shown('browser_console')).toContain('[log] ordered');
    expect(shown('browser_click', 2)).toMatch(/^Page: http:\/\/localhost:8123\/other.html\n/);
    expect(shown('browser_tabs')).toBe(
      '* 0 http://localhost:8123/ Order\n  1 http://localhost:8123/other.html Other',
    );
    const picture = seen.find(({ tool }) => tool === 'browser_screenshot')?.image ?? '';
    const { info, data } = await sharp(Buffer.from(picture, 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect({ width: info.width, height: info.height }).toEqual({ width: 1280, height: 800 });
    expect([...data.subarray(-info.channels).subarray(0, 3)]).toEqual([0, 128, 0]);
    expect(shown('browser_record', 2)).toMatch(/^Recording for \d+ s, [1-9]\d* frames so far\.$/);
    expect(shown('browser_record', 3)).toMatch(
      /saved at \/mnt\/session\/outputs\/recordings\/recording-.*webm/,
    );
    expect(shown('browser_evaluate', 2)).toBe("'1280x800 green'");
    expect(shown('browser_tabs', 3).split('\n')).toHaveLength(2);
    expect(seen.at(-1)).toMatchObject({
      isError: true,
      text: 'the page has no element e999; take a new snapshot',
    });
    expect(seen.filter(({ isError }) => isError)).toHaveLength(1);

    const recording = await vi.waitUntil(
      async () => {
        const { data: files } = await client.beta.files.list({ scope_id: sessionId });
        return files.find(({ filename }) => filename.endsWith('.webm'));
      },
      { timeout: 30_000, interval: 200 },
    );
    const video = await (await client.beta.files.download(recording.id)).arrayBuffer();
    // Every WebM file begins so.
    expect(Buffer.from(video).subarray(0, 4).toString('hex')).toBe('1a45dfa3');
    expect(models.violations()).toEqual([]);
  });

  it('keeps variables and processes from call to call, also when the worker is killed', async () => {
    const sessionId = await newSession('code');
    const code = (language: string, source: string): Move => use('execute_code', { language, code: source });
    const seen = models.plan('run the code', [
      () => code('python', 'import json\nclass Point: pass\nx = [1, 2]\nx'),
      () => code('javascript', 'let y = await Promise.resolve(20); const double = (n) => n * 2;'),
      () => use('process_start', { command: 'while read -r line; do echo "heard $line"; done' }),
      () => use('process_write', { id: 'p1', input: 'one\n' }),
      () => use('bash', { command: `sleep ${PAUSE}; echo went` }),
      () => code('python', 'x.append(3)\nprint(json.dumps(x))\nPoint().missing'),
      () => code('javascript', 'double(y)'),
      () => use('process_write', { id: 'p1', input: 'two\n' }),
      () => use('bash', { command: 'sleep 0.5' }),
      () => use('process_read', { id: 'p1' }),
      () => use('process_list'),
      () => use('process_kill', { id: 'p1' }),
      () => use('bash', { command: 'sleep 0.5' }),
      () => use('process_list'),
      () => use('execute_code', { language: 'python', code: 'while True: pass', timeout_ms: 500 }),
      () => code('python', 'len(x)'),
      () => code('javascript', 'process.exit(3)'),
      () => code('javascript', 'typeof y'),
      () => 'done',
    ]);
    await say(sessionId, 'run the code');
    await vi.waitUntil(() => runsOnThisHost(`sleep\0${PAUSE}\0`), { timeout: 60_000 });
    await service.kill('worker');
    await untilIdle(sessionId);
    const shown = (name: string, nth: number): string =>
      seen.filter((result) => result.tool === name)[nth - 1]?.text ?? '';
    expect(shown('execute_code', 1)).toBe('[1, 2]');
    expect(shown('bash', 1)).toBe('went');
    expect(shown('execute_code', 3)).toMatch(
      /^\[1, 2, 3\]\nTraceback .*\n.*line 3[^]*has no attribute 'missing'/,
    );
    expect(shown('execute_code', 4)).toBe('40');
    expect(shown('process_read', 1)).toMatch(
      /^\[process p1 running; bytes 0 to 20 of 20.*\]\nheard one\nheard two$/,
    );
    expect(shown('process_list', 1)).toMatch(/^p1 {2}running {2}.* {2}while read -r line;/);
    expect(shown('process_list', 2)).toMatch(/^p1 {2}exited with 143 /);
    expect(shown('execute_code', 5)).toMatch(/KeyboardInterrupt\nThe command was ended at its time limit/);
    expect(shown('execute_code', 6)).toBe('3');
    expect(shown('execute_code', 7)).toContain('its variables are lost');
    expect(shown('execute_code', 8)).toBe("'undefined'");
    expect(models.violations()).toEqual([]);
  });
  it('searches the web and reads pages, and nothing that is not public', async () => {
    const sessionId = await newSession('web');
    const seen = models.plan('read the web', [
      () => use('web_search', { query: 'hello' }),
      (found) => use('web_fetch', { url: /http:\S+/.exec(found)?.[0] }),
      () => use('web_fetch', { url: `${site}/inward` }),
      () => use('web_fetch', { url: 'http://169.254.169.254/latest/meta-data' }),
      () => 'done',
    ]);
    await say(sessionId, 'read the web');
    await untilIdle(sessionId);
    expect(seen.map(({ text }) => text)).toEqual([
      `1. Found\n   ${site}/page\n   a page`,
      `Source: ${site}/moved\nTitle: T\n\n# Hello\n\nfrom afar`,
      `url_not_allowed: ${site}/inward was not fetched: 10.0.0.1: it leads to 10.0.0.1, which is not a public address.`,
      'url_not_allowed: http://169.254.169.254/latest/meta-data was not fetched: 169.254.169.254: it leads to 169.254.169.254, which is not a public address.',
    ]);
    const log = readFileSync(join(service.dataDir, 'logs', 'worker.log'), 'utf8').split('\n');
    const decisions = log.filter((line) => line.includes('web_fetch') && line.includes(sessionId));
    expect(decisions.filter((line) => line.includes('egress refused'))).toHaveLength(2);
    expect(models.violations()).toEqual([]);
  });
});
