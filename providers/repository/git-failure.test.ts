import { describe, expect, it } from 'vitest';
import { gitFailure } from './git-failure.ts';

describe("git's words", () => {
  it.each([
    ["fatal: could not read Username for 'https://github.com': terminal prompts disabled", 'authentication'],
    ["remote: Invalid\nfatal: Authentication failed for 'https://github.com/a/b/'", 'authentication'],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 403", 'forbidden'],
    ["remote: Repository not found.\nfatal: repository 'https://x/a/b/' not found", 'not_found'],
    ["fatal: unable to access 'https://x/': Could not resolve proxy", 'clone'],
    ['', 'clone'],
  ])('%j is a failure of kind %s', (words, kind) => {
    expect(gitFailure(words, []).kind).toBe(kind);
  });
  it('are told without secrets, and without chatter', () => {
    const { message } = gitFailure("Cloning into 'x'...\nfatal: bad header s3cret", ['s3cret']);
    expect(message).toBe('git could not fetch it: fatal: bad header [redacted]');
  });
});
