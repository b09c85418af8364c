import { expect, it } from 'vitest';
import { genAiProvider, type AskedAt } from './gen-ai.ts';

it.each<[AskedAt, string]>([
  [{ provider: 'anthropic' }, 'anthropic'],
  [{ provider: 'openai', protocol: 'openai', address: null }, 'openai'],
  [{ provider: 'gemini' }, 'gcp.gemini'],
  [{ provider: 'demo' }, 'demo'],
  [{ provider: 'anthropic', protocol: 'bedrock' }, 'aws.bedrock'],
  [{ provider: 'openai', protocol: 'bedrock', address: 'https://vpce-1.example' }, 'aws.bedrock'],
  [{ provider: 'gemini', protocol: 'vertex' }, 'gcp.vertex_ai'],
  [{ provider: 'openai', protocol: 'azure', address: 'https://n.openai.azure.com' }, 'azure.ai.openai'],
  [
    { provider: 'anthropic', protocol: 'azure', address: 'https://n.services.ai.azure.com' },
    'azure.ai.inference',
  ],
  [
    { provider: 'openai', protocol: 'openai', address: 'https://n.openai.azure.com/openai/v1' },
    'azure.ai.openai',
  ],
  [{ provider: 'openai', protocol: 'openai', address: 'https://api.groq.com/openai/v1' }, 'groq'],
  [{ provider: 'openai', protocol: 'openai', address: 'https://api.x.ai/v1' }, 'x_ai'],
  [{ provider: 'openai', protocol: 'openai', address: 'https://api.mistral.ai/v1' }, 'mistral_ai'],
  [
    { provider: 'anthropic', protocol: 'anthropic', address: 'https://api.deepseek.com/anthropic' },
    'deepseek',
  ],
  [{ provider: 'openai', protocol: 'openai', address: 'http://127.0.0.1:8000/v1' }, 'openai'],
  [{ provider: 'openai', protocol: 'openai', address: 'https://openrouter.ai/api/v1' }, 'openai'],
])('%j is %s to whoever reads traces', (asked, name) => {
  expect(genAiProvider(asked)).toBe(name);
});
