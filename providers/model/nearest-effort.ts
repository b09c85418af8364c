import type { Effort } from '../../core/models/model-entry.ts';

const ORDER: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

/** The wanted effort, or the highest below it that the model knows, or its lowest. Undefined where it knows none. */
export function nearestEffort(wanted: Effort | undefined, known: readonly Effort[]): Effort | undefined {
  if (wanted === undefined || known.length === 0) return undefined;
  const limit = ORDER.indexOf(wanted);
  const sorted = ORDER.filter((effort) => known.includes(effort));
  return sorted.findLast((effort) => ORDER.indexOf(effort) <= limit) ?? sorted[0];
}
