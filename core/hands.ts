/** What the hands of a worker can do on its host, for operators. */
export interface HandsReport {
  /** The kind of its sandboxes, or none. */
  driver: string;
  ok: boolean;
  /** Sentences: which bounds hold, and which do not. */
  limits: string[];
  /** Why it is not ok, and what to do. */
  why?: string;
}

/** One line about the hands of several hosts; hosts that say the same are named together. */
export function describeHands(reports: readonly { host: string; hands: HandsReport | null }[]): string {
  const hosts = new Map<string, Set<string>>();
  for (const { host, hands } of reports) {
    const text = sentencesOf(hands);
    hosts.set(text, (hosts.get(text) ?? new Set()).add(host));
  }
  if (hosts.size === 0) return 'no worker is running';
  return [...hosts].map(([text, names]) => `${[...names].sort().join(', ')}: ${text}`).join(' | ');
}

function sentencesOf(hands: HandsReport | null): string {
  if (hands === null) return 'not known yet';
  if (hands.driver === 'none') return 'hands off (sandbox.driver is none)';
  if (!hands.ok) return `hands off: ${hands.driver} cannot be used. ${hands.why ?? ''}`.trim();
  return [`${hands.driver}.`, ...hands.limits].join(' ');
}
