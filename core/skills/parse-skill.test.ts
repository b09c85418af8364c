import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { isAppError } from '../errors.ts';
import { parseSkill } from './parse-skill.ts';

const skill = (frontmatter: string, body = 'Do it.') => `---\n${frontmatter}\n---\n${body}\n`;
const MINIMAL = 'name: a-skill\ndescription: Does things.';

/** The message that a text is refused with. Whatever else is thrown fails the test. */
function refusal(text: string): string {
  try {
    parseSkill(text);
  } catch (error) {
    if (isAppError(error) && error.code === 'invalid_request') return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('parseSkill', () => {
  it('reads every field that it knows and keeps the others', () => {
    const text = skill(
      `name: pdf-forms
description: >-
  Fills forms
  in PDF files.
license: MIT
allowed-tools: Bash(git diff:*), read write
user-invocable: false
disable-model-invocation: true
sticky: true
argument-hint: "[file]"
arguments:
  - file
  - name: page
    description: Which page.
    required: true
metadata:
  version: 1.2
  packages:
    pip: [pypdf==6.0.0]
model: fast
x_own: {deep: [1, null, true]}`,
      'First line.\n\nLast line.',
    );
    expect(parseSkill(text)).toEqual({
      name: 'pdf-forms',
      description: 'Fills forms in PDF files.',
      license: 'MIT',
      allowedTools: ['Bash(git diff:*)', 'read', 'write'],
      userInvocable: false,
      modelInvocable: false,
      sticky: true,
      argumentHint: '[file]',
      arguments: [
        { name: 'file', description: null, required: false },
        { name: 'page', description: 'Which page.', required: true },
      ],
      metadata: { version: 1.2, packages: { pip: ['pypdf==6.0.0'] } },
      extra: { model: 'fast', x_own: { deep: [1, null, true] } },
      body: 'First line.\n\nLast line.',
    });
  });

  it('takes both spellings of a key as the same', () => {
    const keys = 'user_invocable: false\ndisable_model_invocation: true\nallowed_tools: [bash]';
    expect(parseSkill(skill(`${MINIMAL}\n${keys}`))).toEqual(
      parseSkill(skill(`${MINIMAL}\n${keys.replaceAll('_', '-')}`)),
    );
    expect(refusal(skill(`${MINIMAL}\nuser_invocable: true\nuser-invocable: true`))).toMatch(
      /^SKILL\.md line 5: "user-invocable" says again what "user_invocable" says/,
    );
  });

  it('gives what is left out its default', () => {
    expect(parseSkill(skill(MINIMAL))).toMatchObject({
      license: null,
      allowedTools: [],
      userInvocable: true,
      modelInvocable: true,
      sticky: false,
      arguments: [],
      metadata: {},
      extra: {},
    });
  });

  it('reads files with a byte order mark and line ends of Windows', () => {
    const text = `\uFEFF${skill(MINIMAL, 'One.\nTwo.').replaceAll('\n', '\r\n')}`;
    expect(parseSkill(text)).toEqual(parseSkill(skill(MINIMAL, 'One.\nTwo.')));
  });

  it('keeps a key called __proto__ as data', () => {
    const { extra } = parseSkill(skill(`${MINIMAL}\n__proto__: {polluted: true}`));
    expect(Object.keys(extra)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each(
    (
      [
        ['', /line 1: expected a line of three hyphens/],
        ['# Only a title', /line 1: expected a line of three hyphens/],
        ['---\nname: x\n', /line 1: .*never closed/],
        ['---\n---\nbody', /line 2: the frontmatter must be a list/],
        [skill('- a\n- b'), /line 2: the frontmatter must be a list/],
        [skill('description: x'), /lacks "name"/],
        [skill('name: x'), /lacks "description"/],
        [skill('name: x\ndescription:'), /line 3: the frontmatter lacks "description"/],
        [skill('name: x\ndescription: ""'), /line 3: "description" is empty/],
        [skill('name: x\ndescription: "  "'), /line 3: "description" is empty/],
        [skill('name: [x]\ndescription: y'), /line 2: "name" must be a text/],
        [skill(`name: ${'x'.repeat(65)}\ndescription: y`), /line 2: "name" has 65 characters; at most 64/],
        [skill(`name: x\ndescription: ${'y'.repeat(1025)}`), /line 3: .*1025 characters; at most 1024/],
        [skill('name: ../../etc\ndescription: y'), /line 2: "name" must be lower-case/],
        [skill('name: a/b\ndescription: y'), /line 2: "name" must be lower-case/],
        [skill('name: "--"\ndescription: y'), /line 2: "name" must be lower-case/],
        [skill('name: My Skill\ndescription: y'), /line 2: "name" must be lower-case/],
        [skill('name: skills\ndescription: y'), /line 2: "skills" is a command/],
        [
          skill('name: x\ndescription: a <script>alert(1)</script>'),
          /line 3: .*must not hold tags such as <script>/,
        ],
        [skill('name: x\ndescription: "a\\0b"'), /line 3: .*control characters/],
        [skill('name: x\ndescription: y\nname: z'), /line 4: .*unique/],
        [skill('name: x\ndescription: Use when: it rains'), /line 3: .*must be in quotes/],
        [skill('name: x\ndescription: "open'), /SKILL\.md line \d: /],
        [skill('name: x\ndescription: y\n\tbad: tab'), /SKILL\.md line \d: /],
        [skill(`${MINIMAL}\nuser-invocable: maybe`), /line 4: "user-invocable" must be true or false/],
        [skill(`${MINIMAL}\nmetadata: text`), /line 4: "metadata" must be a list of/],
        [skill(`${MINIMAL}\nallowed-tools: {a: 1}`), /line 4: "allowed-tools" must be a list/],
        [skill(`${MINIMAL}\narguments: [a, a]`), /line 4: .*names an argument twice/],
        [skill(`${MINIMAL}\narguments: ["1"]`), /line 4: the name of an argument/],
        [
          skill(`${MINIMAL}\narguments: [${Array.from({ length: 33 }, (_, n) => `a${n}`).join()}]`),
          /at most 32/,
        ],
        [skill(`${MINIMAL}\nsize: .inf`), /line 4: numbers must be finite/],
        [skill(`${MINIMAL}\ndeep: ${'['.repeat(40)}${']'.repeat(40)}`), /line 4: .*deeper than 16/],
        [skill(`${MINIMAL}\ndeep: ${'['.repeat(15_000)}${']'.repeat(15_000)}`), /SKILL\.md line \d+: /],
        [skill(`${MINIMAL}\nlong: ${'x'.repeat(40_000)}`), /line 1: the frontmatter has \d+ characters/],
        [skill(`${MINIMAL}\nraw: !!binary aGVsbG8=`), /line 4: .*of no kind that JSON has|SKILL\.md line/],
      ] as [string, RegExp][]
    ).map(([text, reason]) => ({ text, reason })),
  )('refuses a text with the words $reason', ({ text, reason }) => {
    expect(refusal(text)).toMatch(reason);
  });

  it('refuses anchors that expand without bound, at once', () => {
    const rows = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level++) {
      const anchor = String.fromCharCode(97 + level);
      const before = String.fromCharCode(96 + level);
      rows.push(`${anchor}: &${anchor} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
    }
    expect(refusal(skill(`${MINIMAL}\n${rows.join('\n')}`))).toMatch(/anchors more than 20 times/);
  });

  it('takes a few anchors', () => {
    const { extra } = parseSkill(skill(`${MINIMAL}\nbase: &base [1]\nsame: *base`));
    expect(extra).toEqual({ base: [1], same: [1] });
  });

  it('throws nothing but a refusal, whatever text it is given', () => {
    const yamlish = fc
      .array(
        fc.constantFrom(
          'a',
          ':',
          ' ',
          '\n',
          '-',
          '"',
          "'",
          '{',
          '}',
          '[',
          ']',
          '&',
          '*',
          '!',
          '|',
          '>',
          '\t',
          '#',
          '?',
          '<<',
          '---',
          ',',
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlish), fc.string(), (front, body) => {
        for (const text of [front, skill(front, body), skill(`${MINIMAL}\n${front}`, body)]) {
          try {
            parseSkill(text);
          } catch (error) {
            if (!isAppError(error) || !error.message.startsWith('SKILL.md')) throw error;
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads back whatever was written as YAML', () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,63}$/).filter((text) => text !== 'skills');
    const description = fc
      .string({ minLength: 1, maxLength: 200, unit: 'grapheme-composite' })
      .map((text) => text.trim())
      .filter((text) => text !== '' && !/[<>\uFEFF]/.test(text));
    const key = fc.stringMatching(/^x[a-z]{1,10}$/);
    const extra = fc.dictionary(key, fc.jsonValue({ maxDepth: 4, noUnicodeString: false }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(name, description, extra, (itsName, itsDescription, itsExtra) => {
        const yaml = stringify(
          { name: itsName, description: itsDescription, ...itsExtra },
          { aliasDuplicateObjects: false },
        );
        const parsed = parseSkill(`---\n${yaml}---\nBody`);
        expect(parsed.name).toBe(itsName);
        expect(parsed.description).toBe(itsDescription);
        expect(parsed.extra).toEqual(JSON.parse(JSON.stringify(itsExtra)));
      }),
      { numRuns: 200 },
    );
  });
});
