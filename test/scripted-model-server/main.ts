import { parseArgs } from 'node:util';
import { startScriptedModelServer } from './index.ts';

/** `node test/scripted-model-server/main.ts --port 0`: prints `{"url": …}` on one line and runs until it is told to end. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'api-key': { type: 'string' },
    'keep-bodies': { type: 'string', default: '200' },
    'on-violation': { type: 'string', default: 'refuse' },
  },
});
const server = await startScriptedModelServer({
  port: Number(values.port),
  keepBodies: Number(values['keep-bodies']),
  onViolation: values['on-violation'] === 'record' ? 'record' : 'refuse',
  ...(values['api-key'] === undefined ? {} : { apiKey: values['api-key'] }),
});
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
