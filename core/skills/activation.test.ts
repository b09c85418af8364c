import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillArguments } from './fill-arguments.ts';
import { skillCommand } from './skill-command.ts';
import { activationText, withActivation } from './skill-activation.ts';
import type { SkillPin } from './skill-pin.ts';
import { SECTION_CHARACTERS, skillList, skillsSection } from './skills-section.ts';
import { splitArguments } from './split-arguments.ts';
import { suggestSkill } from './suggest-skill.ts';

const pin = (name: string, parts: Partial<SkillPin> = {}): SkillPin => ({
  source: 'custom',
  skillId: `skill_${name}`,
  versionId: 'skver_1',
  name,
  description: `Does ${name}.`,
  contentHash: 'c',
  blobWorkspaceId: 'w1',
  archiveSha256: 'a',
  documentSha256: 'd',
  userInvocable: true,
  modelInvocable: true,
  sticky: false,
  arguments: [],
  argumentHint: null,
  ...parts,
});
const say = (text: string) => [{ type: 'text' as const, text }];
const argument = (name: string, required = false) => ({ name, description: null, required });

describe('skillCommand', () => {
  const pdf = pin('pdf');
  const pins = [pdf, pin('data-analysis'), pin('quiet', { userInvocable: false })];

  it.each([
    ['/pdf', ''],
    ['/pdf fill form.pdf ', 'fill form.pdf'],
    ['  /PDF\nline one\nline two', 'line one\nline two'],
  ])('takes %j as an activation', (text, input) => {
    expect(skillCommand(say(text), pins)).toEqual({ kind: 'activate', pin: pdf, input });
  });

  it.each(['pdf', 'use /pdf', '/etc/hosts', '/', '/ pdf', '//pdf', '/pdf.txt', '/pdf/SKILL.md', ''])(
    'takes %j as a text like any other',
    (text) => {
      expect(skillCommand(say(text), pins)).toBeNull();
    },
  );

  it('looks at the first block only', () => {
    const image = { type: 'image' as const, source: { type: 'url' as const, url: 'https://x' } };
    expect(skillCommand([image, ...say('/pdf')], pins)).toBeNull();
    expect(skillCommand([...say('/pdf'), image], pins)).toMatchObject({ kind: 'activate' });
    expect(skillCommand([], pins)).toBeNull();
  });

  it('lists on /skills, and suggests what was probably meant', () => {
    expect(skillCommand(say('/skills'), pins)).toEqual({ kind: 'list' });
    for (const [typed, suggestion] of [
      ['pfd', 'pdf'],
      ['data', 'data-analysis'],
      ['data-anlysis', 'data-analysis'],
      ['skill', 'skills'],
      ['quiet', null],
      ['help', null],
    ]) {
      expect(skillCommand(say(`/${typed} x`), pins)).toEqual({ kind: 'unknown', name: typed, suggestion });
    }
  });
});

describe('suggestSkill', () => {
  it('suggests nothing for names of one or two letters that share none', () => {
    expect(suggestSkill('ab', ['cd', 'x'])).toBeNull();
    expect(suggestSkill('', ['a'])).toBeNull();
  });

  it('finds a name with one mistake in it', () => {
    const name = fc.stringMatching(/^[a-z]{5,12}$/);
    fc.assert(
      fc.property(name, fc.nat(), fc.constantFrom('drop', 'swap', 'double'), (meant, place, mistake) => {
        const at = place % (meant.length - 1);
        const typed = {
          drop: meant.slice(0, at) + meant.slice(at + 1),
          swap: meant.slice(0, at) + meant.charAt(at + 1) + meant.charAt(at) + meant.slice(at + 2),
          double: meant.slice(0, at) + meant.charAt(at) + meant.slice(at),
        }[mistake];
        expect(suggestSkill(typed, ['zzzzzzzzzzzzzzzzzzzz', meant])).toBe(meant);
      }),
    );
  });
});

describe('splitArguments', () => {
  it.each([
    ['', []],
    ['one two', ['one', 'two']],
    ['  one \n two\t', ['one', 'two']],
    ['"one two" three', ['one two', 'three']],
    ['\'one two\' "" end', ['one two', '', 'end']],
    ["it's a file", ["it's", 'a', 'file']],
    ['one\\ two', ['one two']],
    ['"open to the end', ['open to the end']],
    ['--name="a b"', ['--name=a b']],
  ])('splits %j', (input, words) => {
    expect(splitArguments(input)).toEqual(words);
  });
});

describe('fillArguments', () => {
  const fill = (body: string, input: string, declared: ReturnType<typeof argument>[] = []) =>
    fillArguments(body, input, declared, '/workspace/skills/pdf');

  it('puts in the whole, words by number and words by name', () => {
    expect(fill('All: $ARGUMENTS.', 'a "b c"')).toBe('All: a "b c".');
    expect(fill('$1 and $2, $ARGUMENTS[1]', 'a "b c"')).toBe('a and b c, b c');
    expect(fill('$file on $page-2 $other', 'x.pdf 3', [argument('file'), argument('page')])).toBe(
      'x.pdf on 3-2 $other',
    );
    expect(fill('run ${SKILL_DIR}/a ${CLAUDE_SKILL_DIR}/b', '')).toBe(
      'run /workspace/skills/pdf/a /workspace/skills/pdf/b',
    );
  });

  it('leaves scripts alone where nothing was given or declared', () => {
    const script = "awk '{print $1}' $HOME/$file; cost $100";
    expect(fill(script, '')).toBe(script);
    expect(fill('$1 $2', 'a')).toBe('a $2');
    expect(fill('$1 [$2]', 'a', [argument('x'), argument('y')])).toBe('a []');
    expect(fill('All: $ARGUMENTS.', '')).toBe('All: .');
  });

  it('adds at the end what the instructions have no place for', () => {
    expect(fill('Do it.', 'with care')).toBe('Do it.\n\nArguments: with care');
    expect(fill('Do it.', '')).toBe('Do it.');
  });

  it('does not look again at what was put in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (input) => {
        expect(fill('<$ARGUMENTS>', input)).toBe(`<${input}>`);
      }),
    );
    expect(fill('$1 $2', "'$2' '$ARGUMENTS'")).toBe('$2 $ARGUMENTS');
  });
});

describe('an activation', () => {
  const body = 'Work on $ARGUMENTS.';

  it('keeps the user’s words and adds the instructions behind them', () => {
    const content = say('/pdf a.pdf');
    const command = skillCommand(content, [pin('pdf')]);
    if (command?.kind !== 'activate') throw new Error('no activation');
    const [own, added] = withActivation(content, command, body);
    expect(own).toEqual(content[0]);
    expect(added).toMatchObject({ type: 'text', text: activationText(pin('pdf'), 'a.pdf', body) });
  });

  it('says how long it lasts, where the files are and what is missing', () => {
    expect(activationText(pin('pdf'), 'a.pdf', body)).toMatch(
      /until this request is done[\s\S]*\/workspace\/skills\/pdf;[\s\S]*Work on a\.pdf\./,
    );
    expect(activationText(pin('pdf', { sticky: true }), '', body)).toContain('for the rest of this session');
    const needy = pin('pdf', {
      arguments: [argument('file', true), argument('page', true), argument('size')],
    });
    expect(activationText(needy, 'a.pdf', body)).toContain('Not given, and needed: page;');
    expect(activationText(needy, 'a.pdf 3', body)).not.toContain('Not given');
  });
});

describe('the skills section of the system prompt', () => {
  it('names every skill that the model may use, and none that it may not', () => {
    const section = skillsSection([
      pin('pdf'),
      pin('hidden', { modelInvocable: false }),
      pin('csv', { description: 'Two\n lines.' }),
    ]);
    expect(section).toMatch(/- pdf: Does pdf\.\n- csv: Two lines\.$/);
    expect(section).not.toContain('hidden');
    expect(skillsSection([])).toBe('');
    expect(skillsSection([pin('hidden', { modelInvocable: false })])).toBe('');
  });

  it('stays within its bound, well-formed and the same, whatever a session has', () => {
    const some = fc.record({
      description: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1_024 }),
      copies: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 12 }), (kinds) => {
        const pins = kinds.flatMap(({ description, copies }, kind) =>
          Array.from({ length: copies }, (_, copy) => pin(`skill-${kind}-${copy}`, { description })),
        );
        const section = skillsSection(pins);
        expect(section.length).toBeLessThanOrEqual(SECTION_CHARACTERS);
        expect(section.isWellFormed()).toBe(true);
        expect(skillsSection(pins)).toBe(section);
      }),
      { numRuns: 50 },
    );
  });

  it('cuts descriptions before it leaves out names, and says how many it leaves out', () => {
    const pins = Array.from({ length: 500 }, (_, index) =>
      pin(`skill-${index}`, { description: 'x'.repeat(1_024) }),
    );
    const section = skillsSection(pins);
    expect(section).toContain('- skill-499: x');
    expect(section).toContain('…');
    expect(section.length).toBeGreaterThan(SECTION_CHARACTERS * 0.9);
    const short = skillsSection(pins, 5_000);
    expect(short.length).toBeLessThanOrEqual(5_000);
    const named = short.match(/^- /gm)?.length ?? 0;
    expect(short).toContain(`and ${500 - named} more: list /workspace/skills`);
  });

  it('has a form for people', () => {
    expect(skillList([])).toBe('This session has no skills.');
    expect(
      skillList([
        pin('pdf', { arguments: [argument('file')] }),
        pin('csv', { argumentHint: '<table>' }),
        pin('x', { userInvocable: false }),
      ]),
    ).toBe('Skills of this session:\n\n- `/pdf [file]`: Does pdf.\n- `/csv <table>`: Does csv.');
  });
});
