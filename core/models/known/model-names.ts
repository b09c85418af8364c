/**
 * The names under which a model may be known, the most exact first: without the paths of gateways, the prefixes of clouds, tags, dates and
 * channels, in lower case.
 */
export function namesOf(id: string): readonly string[] {
  const names = new Set<string>();
  let queue = [...tagged(withoutPlace(id.trim().toLowerCase()))].map(spelled);
  while (queue.length > 0) {
    const next: string[] = [];
    for (const name of queue) {
      if (name === '' || names.has(name)) continue;
      names.add(name);
      for (const suffix of SUFFIXES) if (suffix.test(name)) next.push(name.replace(suffix, ''));
    }
    queue = next;
  }
  return [...names].map((name) => ALIASES[name] ?? name);
}

/**
 * The names of vendors' models that a free name holds, as of a deployment: `gpt-4o-prod` in `team-gpt-4o-prod`. Only words that are no
 * others' count.
 */
export function namesWithin(id: string): readonly string[] {
  const plain = id
    .trim()
    .toLowerCase()
    .replace(/[\s_/:]+/g, '-');
  const starts = [...plain.matchAll(INNER)].map(({ index }) => plain.slice(index));
  return [...new Set(starts.flatMap(namesOf))];
}

const INNER =
  /(?<=^|-)(gpt-?[345]|o[134](?=-|$)|claude|gemini|gemma|llama|qwen|deepseek|mistral|kimi|glm|grok|phi-?\d)/g;

/** The day that a dated id names (`gpt-5-2025-08-07`, `claude-opus-4-1-20250805-v1:0`), or null. */
export function dayOf(id: string): string | null {
  const match = /[-@](20[2-9]\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?![\d.])/.exec(id);
  return match === null ? null : `${match[1]}-${match[2]}-${match[3]}`;
}

/** What places a model: `models/…`, `openai/…`, `accounts/fireworks/models/…`, `us.anthropic.…-v1:0`, `arn:…/…`, `ft:…:org::id`, `…@20250929`. */
function withoutPlace(id: string): string {
  const tuned = /^ft:([^:]+)/.exec(id)?.[1] ?? id;
  const last = (tuned.split('/').findLast((part) => part !== '') ?? tuned).replace(
    /^(databricks-|anthropic--|goog\.)/,
    '',
  );
  const cloud = CLOUD.exec(last);
  const bare =
    cloud === null ? last : last.slice(cloud[0].length).replace(/(-v?\d+)?(:\d+)+(:\d+k)?$|-v\d+$/, '');
  const inner = /(^|\/)accounts\//.test(id) ? bare.replace(/(\d)p(\d)/g, '$1.$2') : bare;
  return inner
    .replace(/^(qwen|deepseek-ai|meta-llama|mistralai|google|openai|zai-org|moonshotai)_/, '')
    .replace(/(?<=.)@[a-z0-9.-]*$/, '')
    .replace(/\[1m\]$/, '');
}

const CLOUD =
  /^((us|eu|apac|global|jp|au|ca|sa|me|af|us-gov)\.)?(anthropic|amazon|meta|mistral|deepseek|cohere|openai|qwen|moonshotai|moonshot|minimax|zai|google|nvidia|ai21|writer)\./;

/** `qwen3:32b` is `qwen3-32b`, and otherwise some `qwen3`; `…:free` and `…:latest` say nothing of the model. */
function* tagged(name: string): Generator<string> {
  const [plain = '', tag] = name.split(':');
  if (tag !== undefined && !ROUTES.has(tag)) yield `${plain}-${tag}`;
  yield plain;
}

const ROUTES: ReadonlySet<string> = new Set([
  'free',
  'nitro',
  'floor',
  'online',
  'extended',
  'exacto',
  'thinking',
  'beta',
  'cloud',
  'latest',
]);

/** Vendors and gateways spell Claude's versions in several ways: `claude-sonnet-4.5`, `claude-4.5-sonnet`, `claude-sonnet-4-5`. */
function spelled(name: string): string {
  if (!name.startsWith('claude-')) return name;
  return name
    .replace(/(\d)\.(\d)/g, '$1-$2')
    .replace(/^claude-([4-9]|\d\d)(-\d{1,2})?-(opus|sonnet|haiku|fable|mythos)(?=-|$)/, 'claude-$3-$1$2')
    .replace(/^(claude-[a-z]+-\d)-0(?=-|$)/, '$1')
    .replace(/-(thinking|1m)$/, '');
}

/** What may be cut off the end of a name, without which it is still the same model, more or less. */
const SUFFIXES: readonly RegExp[] = [
  /\.gguf$/,
  /-(gguf|ggml|mlx|awq|gptq|exl2|fp8|fp4|nvfp4|mxfp4|bf16|fp16|int[48]|w[48]a(8|16)|[2-8]bit|dwq|turbo|tput|cloud|maas|fast)$/,
  /[-.](ud-)?i?q\d(_[a-z0-9]+)*$/,
  /-(latest|preview|exp|experimental|beta|stable|default)$/,
  /-20\d{2}-?\d{2}-?\d{2}$/,
  /-\d{2}-(\d{2}|20\d{2})$/,
  /-\d{3,4}$/,
  /-(instruct|it|chat|versatile|instant|hf)$/,
];

/** Names whose shorter form is another model. */
const ALIASES: Readonly<Record<string, string>> = {
  'gpt-35-turbo': 'gpt-3.5-turbo',
  'gpt-35-turbo-16k': 'gpt-3.5-turbo',
  'gpt-4-1106-preview': 'gpt-4-turbo',
  'gpt-4-0125-preview': 'gpt-4-turbo',
  'gpt-4-vision-preview': 'gpt-4-turbo',
  'claude-3-7-sonnet-thinking': 'claude-3-7-sonnet',
};
