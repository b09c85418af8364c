/**
 * One model at one server: its name, the server, the name shown to people, the window and the longest answer in tokens, `i` where it
 * takes images and `r` where it reasons (`?`: neither is known), and its prices: each list holds from its day on.
 */
export type DatabaseLine = readonly [
  name: string,
  server: string,
  displayName: string,
  contextWindow: number | null,
  maxOutputTokens: number | null,
  traits: string,
  prices: readonly DatabasePrices[] | null,
];

export type DatabaseRates = readonly [
  input: number,
  output: number,
  cacheRead: number,
  cacheWrite5m: number,
  cacheWrite1h: number,
];

/** Rates from a day on (null: always), and those of prompts that are longer than a number of tokens. */
export type DatabasePrices = readonly [
  from: string | null,
  rates: DatabaseRates,
  long?: readonly [above: number, rates: DatabaseRates],
];
