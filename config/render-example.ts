import type { SettingDescription } from './setting-list.ts';
import { stringify } from 'yaml';

const HEADER = `# Every setting with its default. Copy what you change to config.yaml, which npm start reads from the current folder
# (or name another file: npm start -- --config FILE). Each setting can also be given by an environment variable made from
# its path: api.port is MANAGED_AGENT_API_PORT, lists and maps as JSON. Unknown settings are refused at start.
`;

/** Shown below a list setting: what an entry looks like. */
const EXAMPLES: Record<string, string> = {
  'auth.keys': `- id: alice
  workspace: default
  key_env: ALICE_KEY # or sha256: <hex>, or key_file: <path>`,
  'encryption.keys': `- id: first
  key_file: /etc/managed-agent/encryption.key # or key_env: <name>`,
  models: `- id: local-coder
  provider: openai # a connection: a name below providers, or demo
  display_name: Local coder
  vendor_model: coder-32b # the name sent to the server; default: the id
  api: chat_completions # or responses
  base_url: http://127.0.0.1:11434/v1
  api_key_env: LOCAL_KEY # or api_key, api_key_file; default: the key of the provider
  context_window: 131072
  max_output_tokens: 8192
  tools: true
  thinking: false
  reasoning_history: all
  images: { max_count: 0, max_bytes: 5242880, max_pixels_per_side: 2000, media_types: [image/png] }
  prices: { input: 0, output: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 } # USD per million tokens
  fallback: [demo]
  extra_headers: { x-team: research }
  extra_body: { top_k: 40 }`,
};

/** The text of `config.example.yaml`. */
export function renderExample(settings: SettingDescription[]): string {
  const lines: string[] = [HEADER];
  let open: string[] = [];
  for (const setting of settings) {
    const sections = setting.path.slice(0, -1);
    for (const [depth, name] of sections.entries()) {
      if (open[depth] === name) continue;
      open = [...sections.slice(0, depth), name];
      if (depth === 0) lines.push('');
      lines.push(`${'  '.repeat(depth)}${name}:`);
    }
    if (sections.length === 0) lines.push('');
    open = sections;
    const indent = '  '.repeat(sections.length);
    const value = stringify(setting.default, { collectionStyle: 'flow' }).trim();
    lines.push(`${indent}# ${setting.description}`, `${indent}${setting.path.at(-1)}: ${value}`);
    const example = EXAMPLES[setting.path.join('.')];
    if (example) lines.push(...example.split('\n').map((line) => `${indent}#   ${line}`));
  }
  return `${lines.join('\n').replace(/\n{3,}/g, '\n\n')}\n`;
}
