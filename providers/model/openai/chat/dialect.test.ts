import { expect, it } from 'vitest';
import { dialectOf, takesNewerLimit } from './dialect.ts';

it.each([
  [undefined, 'openai'],
  ['https://api.openai.com/v1', 'openai'],
  ['https://eu.api.openai.com/v1', 'openai'],
  ['https://mine.openai.azure.com/openai/v1', 'azure'],
  ['https://mine.services.ai.azure.com/openai/v1', 'azure'],
  ['https://api.openai.com.example/v1', 'compatible'],
  ['https://openrouter.ai/api/v1', 'compatible'],
  ['http://127.0.0.1:8000/v1', 'compatible'],
])('knows the dialect of %s: %s', (url, dialect) => {
  expect(dialectOf(url)).toBe(dialect);
});

it.each([
  ['azure', 'my-deployment', true],
  ['openai', 'gpt-4.1', true],
  ['compatible', 'gpt-6-sol', true],
  ['compatible', 'o3-mini', true],
  ['compatible', 'gpt-4.1', false],
  ['compatible', 'gpt-oss-120b', false],
  ['compatible', 'Qwen/Qwen3-32B', false],
] as const)('on %s, %s has the newer name of the limit: %s', (dialect, model, newer) => {
  expect(takesNewerLimit(dialect, model)).toBe(newer);
});
