import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callLabel } from './call-label.ts';

describe('the label of a tool call', () => {
  it('names the tool and the first thing it was given', () => {
    expect(callLabel('bash', { timeout: 5, command: 'npm test' })).toBe('bash · npm test');
    expect(callLabel('list', { all: true, path: '' })).toBe('list');
  });

  it('is one short, visible, well-formed line, whatever the model wrote', () => {
    const nasty = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(nasty, nasty, (name, value) => {
        const label = callLabel(name, { value });
        expect(Array.from(label).length).toBeLessThanOrEqual(80 + 3 + 80);
        expect(label.isWellFormed()).toBe(true);
        expect(label).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e\u200b]/u);
      }),
    );
  });

  it('cuts on a code point', () => {
    const label = callLabel('bash', { command: '😀'.repeat(200) });
    expect(label).toBe(`bash · ${'😀'.repeat(79)}…`);
  });
});
