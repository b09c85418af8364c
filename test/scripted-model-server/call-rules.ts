/** One step of a conversation as far as tool calls go, in any format. */
export type CallStep =
  | { kind: 'call'; id: string; at: string }
  | { kind: 'result'; id: string; at: string }
  /** Something that may only be said when every call is answered. */
  | { kind: 'other'; at: string };

/** What every vendor refuses: calls without exactly one result before anything else, results without a call, ids used twice. */
export function callViolations(steps: readonly CallStep[]): string[] {
  const violations: string[] = [];
  const seen = new Set<string>();
  const open = new Set<string>();
  for (const step of steps) {
    if (step.kind === 'call') {
      if (seen.has(step.id)) violations.push(`${step.at}: the call id ${step.id} is used twice`);
      seen.add(step.id);
      open.add(step.id);
    } else if (step.kind === 'result') {
      if (!open.delete(step.id))
        violations.push(`${step.at}: a result for ${step.id}, which is no call that waits for one`);
    } else if (open.size > 0) {
      violations.push(`${step.at}: no result for ${[...open].join(', ')}`);
      open.clear();
    }
  }
  if (open.size > 0) violations.push(`no result for ${[...open].join(', ')}`);
  return violations;
}
