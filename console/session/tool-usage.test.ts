import { expect, it } from 'vitest';
import type { SessionEvent } from '../service/wire.ts';
import { toolUsage } from './tool-usage.ts';

const call = (id: string, name: string, seconds: number | null, isError = false): SessionEvent[] => {
  const at = (second: number) => new Date(second * 1_000).toISOString();
  const use = { id, type: 'agent.tool_use', name, input: {}, processed_at: at(0) };
  const result = {
    id: `r${id}`,
    type: 'agent.tool_result',
    tool_use_id: id,
    is_error: isError,
    processed_at: at(seconds ?? 0),
  };
  return (seconds === null ? [use] : [use, result]) as unknown as SessionEvent[];
};

it('counts calls and failures by tool, and takes the middle of their times', () => {
  const events = [
    ...call('1', 'bash', 1),
    ...call('2', 'bash', 9, true),
    ...call('3', 'bash', 2),
    ...call('4', 'read', null),
  ];
  expect(toolUsage(events)).toEqual([
    { name: 'bash', calls: 3, failed: 1, medianMs: 2_000 },
    { name: 'read', calls: 1, failed: 0, medianMs: null },
  ]);
});
