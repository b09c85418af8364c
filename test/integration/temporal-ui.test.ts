import { randomBytes } from 'node:crypto';
import pino from 'pino';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAccess } from '../../api/access.ts';
import { createApp } from '../../api/app.ts';
import { createOperatorCheck } from '../../api/operator-check.ts';
import { createRateLimiter } from '../../api/rate-limiter.ts';
import { codecRoutes } from '../../api/routes/codec.ts';
import { createTemporalUi, TEMPORAL_UI_PATH } from '../../api/temporal-ui.ts';
import { createKeyRing } from '../../providers/encryption/key-ring.ts';
import { createPayloadCodec } from '../../providers/encryption/payload-codec.ts';
import type { ModelProvider } from '../../providers/model/model-provider.ts';
import { hasBrowser, launchBrowser } from '../harness/browser.ts';
import { listen } from '../harness/listen.ts';
import {
  createScriptedRunner,
  quietRuntime,
  startSessionLab,
  userMessage,
  type SessionLab,
} from '../harness/session-lab.ts';

const KEY = { id: 'ui', key: randomBytes(32) };

const provider: ModelProvider = {
  name: 'test',
  async *stream(request) {
    const asked = !JSON.stringify(request.messages.at(-1)).includes('tool_result');
    const usage = {
      input_tokens: 1,
      output_tokens: 1,
      cache_read_input_tokens: 0,
      cache_creation_5m_input_tokens: 0,
      cache_creation_1h_input_tokens: 0,
    };
    yield {
      type: 'finish',
      response: asked
        ? {
            blocks: [
              {
                type: 'tool_use',
                name: 'bash',
                input: { command: 'ls the-encrypted-folder' },
                vendor: { provider: 'test', callId: 'c' },
              },
            ],
            stop: 'tool_use',
            usage,
          }
        : { blocks: [{ type: 'text', text: 'done' }], stop: 'end_turn', usage },
    };
  },
};

describe.skipIf(!hasBrowser())('the Temporal UI in a browser, through the API', () => {
  let lab: SessionLab;
  let api: Awaited<ReturnType<typeof listen>>;
  let browser: Browser;

  beforeAll(async () => {
    quietRuntime();
    const runner = createScriptedRunner(async () => ({
      content: [{ type: 'text', text: 'ok' }],
      isError: false,
    }));
    lab = await startSessionLab({ provider, runner, keys: [KEY] });
    await lab.startWorker();
    const access = createAccess({ keys: [], publicUrl: null });
    const mayOperate = createOperatorCheck([]);
    const handler = createTemporalUi({
      target: lab.services.temporalUiUrl,
      access,
      mayOperate,
      encrypted: true,
    });
    api = await listen(
      createApp({
        routes: codecRoutes({ codec: createPayloadCodec(createKeyRing([KEY])), mayOperate }),
        mounts: [{ path: TEMPORAL_UI_PATH, handler }],
        access,
        limiter: createRateLimiter(
          {
            requestsPerKey: null,
            sessionsPerKey: null,
            createsPerWorkspace: null,
            readsPerWorkspace: null,
            streamsPerKey: null,
          },
          Date.now,
        ),
        log: pino({ level: 'silent' }),
        newRequestId: () => 'req_ui',
      }),
    );
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await api.close();
    await lab.stop();
  });

  it('shows what an encrypted run did', async () => {
    const tools = [
      {
        type: 'agent_toolset_20260401',
        default_config: { enabled: true, permission_policy: { type: 'always_allow' } },
        configs: [],
      },
    ];
    const { id } = await lab.createSession({ tools }, [userMessage('go')]);
    await lab.rest(id);
    const page = await browser.newPage();
    const refusals: string[] = [];
    page.on('console', (message) => {
      if (/Content Security Policy|CORS/.test(message.text())) refusals.push(message.text());
    });
    await page.goto(`${api.url}/temporal/namespaces/default/workflows/${id}`);
    await page.getByText('bash · ls the-encrypted-folder').first().waitFor();
    expect(refusals).toEqual([]);
  });
});
