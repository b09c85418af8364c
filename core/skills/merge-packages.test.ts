import { describe, expect, it } from 'vitest';
import { mergePackages } from './merge-packages.ts';

const none = { apt: [], npm: [], pip: [] };

describe('packages of an environment and of skills', () => {
  it('are each there once, those of the environment first and in its versions', () => {
    const listed = { ...none, cargo: ['ripgrep'], pip: ['pandas==2.2', 'Requests'], npm: ['@scope/a@1'] };
    const skills = [
      { ...none, pip: ['requests>=2', 'pypdf==7.1.1'], npm: ['@scope/a@2', '@scope/b@3'] },
      { ...none, pip: ['matplotlib==3.11.2', 'pypdf==6', 'pandas'], apt: ['poppler-utils'] },
    ];
    expect(mergePackages(listed, skills)).toEqual({
      cargo: ['ripgrep'],
      apt: ['poppler-utils'],
      npm: ['@scope/a@1', '@scope/b@3'],
      pip: ['pandas==2.2', 'Requests', 'matplotlib==3.11.2', 'pypdf==7.1.1'],
    });
  });

  it('are the same whatever the order of the skills, so that sessions share what is installed', () => {
    const [a, b] = [
      { ...none, pip: ['a==1'] },
      { ...none, pip: ['b==1'] },
    ];
    expect(mergePackages(none, [a, b])).toEqual(mergePackages(none, [b, a]));
    expect(mergePackages(none, [])).toEqual(none);
  });
});
