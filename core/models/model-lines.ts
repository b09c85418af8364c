import { settingsOf } from './request-settings.ts';
import type { Explained } from './model-catalog.ts';
import { pricesAt } from './list-cost.ts';
import type { ImageLimits, ModelEntry, ModelPrices, Rates } from './model-entry.ts';

/** One line for each model, in columns, for operators. */
export function modelTable(entries: readonly ModelEntry[]): string[] {
  const rows = entries.map((entry) => [
    entry.id,
    entry.provider,
    `${number(entry.contextWindow)} tokens`,
    [
      ...(entry.tools ? ['tools'] : []),
      ...(entry.images === null ? [] : ['images']),
      ...(entry.thinking === 'none' ? [] : ['thinking']),
    ].join(' '),
    entry.prices === null ? 'no prices' : `$${entry.prices.input} / $${entry.prices.output}`,
  ]);
  return columns(rows);
}

/** All that is known of a model, and where it came from. */
export function modelLines({ entry, origins }: Explained, at: Date): string[] {
  const from = (fact: keyof typeof origins): string => origins[fact] ?? '';
  const rows: [string, string, string][] = [
    ['id', entry.id, ''],
    ['display_name', entry.displayName, from('displayName')],
    ['provider', entry.provider, ''],
    ['vendor_model', entry.vendorModel, ''],
    ['context_window', number(entry.contextWindow), from('contextWindow')],
    ['max_output_tokens', number(entry.maxOutputTokens), from('maxOutputTokens')],
    ['tools', yes(entry.tools), from('tools')],
    ['images', imagesText(entry.images), from('images')],
    ['pdf', yes(entry.pdf), from('pdf')],
    ['thinking', entry.thinking, from('thinking')],
    ['efforts', entry.efforts.join(', ') || 'none', from('efforts')],
    ['default_effort', entry.defaultEffort ?? 'none', from('defaultEffort')],
    ['fast_mode', yes(entry.fastMode), from('fastMode')],
    ['mid_conversation_system', yes(entry.midConversationSystem), from('midConversationSystem')],
    ['settings', settingsOf(entry).join(', ') || 'none', ''],
    ['prices', entry.prices === null ? 'unknown' : ratesText(pricesAt(entry.prices, at)), from('prices')],
    ...(entry.prices === null ? [] : priceRows(entry.prices)),
    ['released', entry.createdAt.startsWith('1970') ? 'unknown' : entry.createdAt, from('createdAt')],
    ['retires', entry.retiresAt ?? 'unknown', from('retiresAt')],
    ['fallback', entry.fallback.join(', ') || 'none', ''],
  ];
  return columns(rows);
}

function priceRows({
  long_context: long,
  periods = [],
  fast_multiplier: fast,
}: ModelPrices): [string, string, string][] {
  return [
    ...(fast === undefined ? [] : [['  fast', `times ${fast}`, ''] as [string, string, string]]),
    ...(long === undefined
      ? []
      : [[`  above ${number(long.above)}`, ratesText(long), ''] as [string, string, string]]),
    ...periods.map(({ from, until, ...rates }): [string, string, string] => [
      `  ${[...(from === undefined ? [] : [`from ${day(from)}`]), ...(until === undefined ? [] : [`until ${day(until)}`])].join(' ')}`,
      ratesText(rates),
      '',
    ]),
  ];
}

function ratesText({ input, output, cache_read, cache_write_5m, cache_write_1h }: Rates): string {
  return `$${input} in, $${output} out, cache $${cache_read} read, $${cache_write_5m} / $${cache_write_1h} written`;
}

function imagesText(images: ImageLimits | null): string {
  if (images === null) return 'no';
  return `${number(images.maxCount)} of ${number(images.maxBytes)} bytes, ${number(images.maxPixelsPerSide)} pixels`;
}

function day(moment: string): string {
  return moment.replace(/T00:00:00(\.000)?Z$/, '');
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, place) => Math.max(...rows.map((row) => (row[place] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, place) => cell.padEnd(widths[place] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
