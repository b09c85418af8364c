import { expect, it } from 'vitest';
import { safeUrl } from './safe-url.ts';

it.each([
  ['https://example.com/a?b#c', true],
  ['mailto:a@example.com', true],
  ['javascript:alert(1)', false],
  ['JaVaScRiPt:alert(1)', false],
  [' javascript:alert(1)', false],
  ['java\nscript:alert(1)', false],
  ['data:text/html,<script>alert(1)</script>', false],
  ['vbscript:x', false],
  ['file:///etc/passwd', false],
  ['blob:https://example.com/x', false],
  ['/v1/agents', false],
  ['//evil.example', false],
])('a link to %j may be followed: %s', (url, isSafe) => {
  expect(safeUrl(url)).toBe(isSafe ? url : '');
});
