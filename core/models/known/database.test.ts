import { expect, it } from 'vitest';
import type { DatabaseLine } from './database-line.ts';
import { knownModel, serverOf } from './database.ts';
import { MODELS, SERVERS } from './generated/models.ts';

const lines = MODELS.trim()
  .split('\n')
  .map((text) => JSON.parse(text) as DatabaseLine);

it('holds what makes sense only', () => {
  expect(lines.length).toBeGreaterThan(500);
  const servers = new Set(SERVERS.map(([name]) => name));
  for (const [name, server, title, window, output, traits, prices] of lines) {
    const place = `${server} ${name}`;
    expect(servers.has(server), place).toBe(true);
    expect(name, place).toBe(name.toLowerCase());
    expect(title, place).not.toBe('');
    expect(window ?? 1, place).toBeGreaterThan(0);
    expect(output ?? 1, place).toBeGreaterThan(0);
    expect(traits, place).toMatch(/^(\?|i?r?)$/);
    for (const [, rates, long] of prices ?? []) {
      for (const rate of [...rates, ...(long?.[1] ?? [])]) {
        expect(rate, place).toBeGreaterThanOrEqual(0);
        expect(rate, place).toBeLessThan(1_000);
      }
    }
    expect(new Set(prices?.map(([from]) => from)).size, place).toBe(prices?.length ?? 0);
  }
});

it('has each model of a server once', () => {
  const keys = lines.map(([name, server]) => `${server} ${name}`);
  expect(new Set(keys).size).toBe(keys.length);
});

it.each([
  ['https://api.groq.com/openai/v1', 'groq'],
  ['https://bedrock-runtime.eu-west-1.amazonaws.com', 'bedrock'],
  ['https://us-east5-aiplatform.googleapis.com/v1', 'vertex'],
  ['https://name.openai.azure.com/openai/v1', 'azure'],
  ['https://name.openai.azure.com.evil.example/v1', null],
  ['https://notx.ai/v1', null],
  ['http://127.0.0.1:8000/v1', null],
])('knows whose %s is', (url, server) => {
  expect(serverOf(url)).toBe(server);
});

it('has the prices of the server that is asked, and no other', () => {
  expect(knownModel('gpt-oss-120b', { server: 'groq' })?.prices?.input).toBeGreaterThan(0);
  expect(knownModel('gpt-oss-120b', { server: null })?.prices).toBeNull();
  expect(knownModel('no-such-model', 'first')).toBeNull();
});
