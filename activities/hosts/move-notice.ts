export interface Move {
  /** What was lost; nothing: the sandbox was put away while nobody used it. */
  lost: 'machine' | 'container' | 'nothing';
  /** Unix milliseconds of the checkpoint; null when there was none. */
  savedAt: number | null;
  /** Whether it could be put back. */
  restored: boolean;
  /** Calls that ended after it. */
  endedCalls: number;
}

/** What a model is told when its sandbox was set up again: what it can rely on, and what is lost. */
export function moveNotice({ lost: place, savedAt, restored, endedCalls }: Move): string {
  const lost = 'Background processes, the variables of code, open browser pages and /tmp are gone.';
  const files = (): string => {
    if (savedAt === null)
      return 'Nothing of it had been saved: the sandbox starts empty, save for attached files.';
    const at = new Date(savedAt).toISOString();
    if (!restored)
      return `What had been saved of it at ${at} cannot be read: the sandbox starts empty, save for attached files.`;
    const kept = `Workspace, home and outputs are as they were saved at ${at}.`;
    if (endedCalls === 0) return `${kept} No call ended after that.`;
    const calls = endedCalls === 1 ? 'One call ended' : `${endedCalls} calls ended`;
    return `${kept} ${calls} after that: what they changed is lost. Check before you rely on it.`;
  };
  if (place === 'nothing')
    return `[This session's sandbox was not used for long, was put away, and is set up again now. ${files()} ${lost} So are long outputs of earlier calls.]`;
  return `[The ${place} that held this session's sandbox is gone, and the sandbox was set up again on another one. ${files()} ${lost}]`;
}
