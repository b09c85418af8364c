import { readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { SKILL_ALIASES } from '../../core/skills/skill-id.ts';
import type { SkillPackage } from '../../core/skills/skill-package.ts';
import { skillPackages } from '../../core/skills/skill-packages.ts';
import { readArchive } from '../../providers/skill-archive/read-archive.ts';
import { readSkillFolder } from '../../providers/skill-folder/read-folder.ts';
import { pythonEnvironment } from '../harness/python-environment.ts';
import { createSkillLab, SKILLS, type SkillLab } from './skill-lab.ts';

const PDF_FORM = `
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, BooleanObject, DictionaryObject, FloatObject, NameObject, StreamObject, TextStringObject
def text(writer, page, words):
    stream = StreamObject()
    stream.set_data(f"BT /F1 24 Tf 72 720 Td ({words}) Tj ET".encode())
    page[NameObject("/Contents")] = writer._add_object(stream)
    font = DictionaryObject({NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"), NameObject("/BaseFont"): NameObject("/Helvetica")})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
writer = PdfWriter()
for number in (1, 2, 3):
    text(writer, writer.add_blank_page(612, 792), f"Page number {number}")
writer.write("plain.pdf")
writer = PdfWriter()
page = writer.add_blank_page(612, 792)
box = lambda bottom: ArrayObject([FloatObject(value) for value in (72, bottom, 300, bottom + 20)])
common = {NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Widget")}
name = DictionaryObject({**common, NameObject("/FT"): NameObject("/Tx"), NameObject("/T"): TextStringObject("name"), NameObject("/Rect"): box(700), NameObject("/DA"): TextStringObject("/Helv 12 Tf 0 g")})
empty = lambda: writer._add_object(StreamObject())
looks = DictionaryObject({NameObject("/N"): DictionaryObject({NameObject("/On"): empty(), NameObject("/Off"): empty()})})
agree = DictionaryObject({**common, NameObject("/FT"): NameObject("/Btn"), NameObject("/T"): TextStringObject("agree"), NameObject("/Rect"): box(650), NameObject("/AP"): looks, NameObject("/AS"): NameObject("/Off"), NameObject("/V"): NameObject("/Off")})
fields = ArrayObject([writer._add_object(name), writer._add_object(agree)])
page[NameObject("/Annots")] = fields
font = DictionaryObject({NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"), NameObject("/BaseFont"): NameObject("/Helvetica")})
writer._root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): fields, NameObject("/DR"): DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/Helv"): font})})})
writer.write("form.pdf")
`;

describe('the built-in skills', () => {
  let python: string;
  let lab: SkillLab;
  const skills = new Map<string, SkillPackage>();

  beforeAll(async () => {
    const entries = await readdir(SKILLS, { withFileTypes: true });
    for (const { name } of entries.filter((entry) => entry.isDirectory())) {
      skills.set(name, await readSkillFolder(path.join(SKILLS, name)));
    }
    const packages = [...skills.values()].flatMap(({ document }) => skillPackages(document.metadata).pip);
    python = await pythonEnvironment([...new Set(packages)]);
  }, 300_000);
  beforeEach(async () => {
    lab = await createSkillLab(python);
  });
  afterEach(async () => lab.close());
  afterAll(() => skills.clear());

  it('are sound, named like their folders, with executable scripts and pinned packages', () => {
    expect([...skills.keys()].sort()).toEqual([
      'code-review',
      'data-analysis',
      'document',
      'pdf',
      'presentation',
      'skill-creator',
      'spreadsheet',
      'web-research',
    ]);
    for (const [name, { document, files }] of skills) {
      expect(document.name).toBe(name);
      expect(document.body.length).toBeGreaterThan(500);
      expect(files.some(({ path: file, executable }) => file.startsWith('scripts/') && executable)).toBe(
        true,
      );
      for (const needed of skillPackages(document.metadata).pip) expect(needed).toMatch(/^[a-z-]+==[\d.]+$/);
      for (const [named] of document.body.matchAll(/\b(?:scripts|references)\/[\w./-]*\w/g)) {
        expect(files.map(({ path: file }) => file)).toContain(named);
      }
    }
    for (const name of SKILL_ALIASES.values()) expect(skills.has(name)).toBe(true);
  });

  it('say what to install where a package is missing', async () => {
    for (const [skill, script, args] of [
      ['pdf', 'pdf.py', ['info', 'x']],
      ['spreadsheet', 'workbook.py', ['info', 'x']],
      ['document', 'document.py', ['info', 'x']],
      ['presentation', 'slides.py', ['read', 'x']],
    ] as const) {
      const place = path.join(SKILLS, skill, 'scripts', script);
      const isolated = `import sys, runpy; sys.path = [p for p in sys.path if 'site-packages' not in p]; sys.path.insert(0, ${JSON.stringify(path.dirname(place))}); sys.argv = ${JSON.stringify([place, ...args])}; runpy.run_path(${JSON.stringify(place)}, run_name='__main__')`;
      await expect(lab.python(isolated)).rejects.toThrow(/is missing\. Install it once: .*==[\d.]+/);
    }
  });

  describe('web-research', () => {
    it('numbers sources once, checks citations and lists them', async () => {
      const add = async (url: string, title: string) =>
        (
          await lab.ok('web-research', 'sources.py', 'add', '--url', url, '--title', title, '--quote', 'q')
        ).trim();
      expect(await add('https://Example.org/a/?utm_source=x&id=1#part', 'A')).toBe('1');
      expect(await add('https://example.org/b', 'B')).toBe('2');
      expect(await add('https://example.org/a?id=1', 'A again')).toBe('1');
      await lab.write('good.md', 'It is so [1][2], says `x[7]` and [a link](https://x) too.');
      expect(await lab.ok('web-research', 'sources.py', 'check', 'good.md')).toContain('2 of 2 sources');
      await lab.write('bad.md', 'It is so [3].');
      const bad = await lab.run('web-research', 'sources.py', 'check', 'bad.md');
      expect(bad.code).toBe(1);
      expect(bad.out).toContain('[3] is cited, but there is no such source');
      expect(await lab.ok('web-research', 'sources.py', 'list')).toMatch(
        /1\. \[A\]\(https:\/\/example\.org\/a\?id=1\) \(read /,
      );
      expect(
        (await lab.run('web-research', 'sources.py', 'add', '--url', 'javascript:x', '--title', 'x')).code,
      ).toBe(1);
    });

    it('reads pages', async () => {
      await lab.write(
        'page.html',
        '<title>T</title><script>no()</script><h2>Head</h2><p>One &amp;\n two <a href="https://x.org">link</a></p><ul><li>a<li>b</ul><table><tr><td>1<td>2</table>',
      );
      const text = await lab.ok('web-research', 'page_text.py', 'page.html', '--links');
      expect(text).toContain('## Head\n\nOne & two link <https://x.org>\n\n- a\n- b');
      expect(text).not.toContain('no()');
    });
  });

  describe('data-analysis', () => {
    const TABLE =
      'month,region,amount\n2025-01,North,10\n2025-01,South,"1,000"\n2025-02,North,30\n2025-02,north,x\n2025-02,North,30\n';

    it('describes a table and says what looks wrong', async () => {
      await lab.write('t.csv', TABLE);
      const text = await lab.ok('data-analysis', 'describe.py', 't.csv');
      expect(text).toContain('5 rows, 3 columns');
      expect(text).toContain('| month | date | 0 | 2 | 2025-01-01 to 2025-02-01 |');
      expect(text).toContain("amount: 1 of 5 cells are no numbers, such as 'x'");
      expect(text).toContain('1 rows are there more than once');
      expect(text).toContain('region: some values differ only in case');
    });

    it('sums up groups, with semicolons and JSON lines too', async () => {
      await lab.write('t.csv', TABLE);
      const result = await lab.run(
        'data-analysis',
        'summarize.py',
        't.csv',
        '--by',
        'region',
        '--value',
        'amount',
        '--where',
        'amount>10',
        '--sort',
        'sum',
      );
      expect(result.out).toContain('| South | 1 | 1000 | 1000 | 1000 | 1000 | 1000 | 0 |');
      expect(result.out).toContain('| North | 2 | 60 | 30 |');
      expect(result.out).toContain('| all | 3 | 1060 |');
      await lab.write('t.jsonl', '{"k": "a", "v": 1}\n{"k": "b", "v": 2.5}\n');
      const csv = await lab.ok(
        'data-analysis',
        'summarize.py',
        't.jsonl',
        '--by',
        'k',
        '--value',
        'v',
        '--format',
        'csv',
      );
      expect(csv).toContain('\nb,1,2.5,2.5,2.5,2.5,2.5,0\n');
      await lab.write('s.csv', 'a;b\nx;1\nx;2\n');
      expect(await lab.ok('data-analysis', 'summarize.py', 's.csv', '--by', 'a', '--value', 'b')).toContain(
        '| x | 2 | 3 |',
      );
      const unknown = await lab.run('data-analysis', 'summarize.py', 's.csv', '--value', 'nope');
      expect(unknown.error).toContain("there is no column 'nope'; there are: a, b");
    });

    it.each(['line', 'bar', 'scatter', 'histogram'])(
      'draws a %s chart with something in it',
      async (kind) => {
        await lab.write('t.csv', 'x,y,g\n1,10,a\n2,20,a\n1,5,b\n2,30,b\n3,7,b\n');
        await lab.ok(
          'data-analysis',
          'chart.py',
          't.csv',
          '--kind',
          kind,
          '--x',
          'x',
          '--y',
          'y',
          '--group',
          'g',
          '--title',
          'It grows',
          '--out',
          'c.png',
        );
        const { width, height, format } = await sharp(await lab.read('c.png')).metadata();
        expect([width, height, format]).toEqual([1_440, 864, 'png']);
        const pixels = await sharp(await lab.read('c.png'))
          .removeAlpha()
          .raw()
          .toBuffer();
        // Axes and words are grey; only what stands for data has a colour.
        let coloured = 0;
        for (let place = 0; place < pixels.length; place += 3) {
          const [red = 0, green = 0, blue = 0] = pixels.subarray(place, place + 3);
          if (Math.max(red, green, blue) - Math.min(red, green, blue) > 60) coloured += 1;
        }
        expect(coloured).toBeGreaterThan(400);
      },
    );
  });

  describe('pdf', () => {
    it('reads, splits, reorders, merges, turns and locks', async () => {
      await lab.python(PDF_FORM);
      expect(await lab.ok('pdf', 'pdf.py', 'info', 'plain.pdf')).toContain(
        'pages: 3\nsizes: 612 x 792 points',
      );
      expect(await lab.ok('pdf', 'pdf.py', 'text', 'plain.pdf', '--pages', '2')).toBe(
        '--- page 2 ---\nPage number 2\n',
      );
      await lab.ok('pdf', 'pdf.py', 'split', 'plain.pdf', '--pages=-1,1', '--out', 'turned.pdf');
      expect(await lab.ok('pdf', 'pdf.py', 'text', 'turned.pdf')).toMatch(
        /Page number 3[\s\S]*Page number 1/,
      );
      await lab.ok('pdf', 'pdf.py', 'merge', 'turned.pdf', 'plain.pdf', '--out', 'whole.pdf');
      expect(await lab.ok('pdf', 'pdf.py', 'info', 'whole.pdf')).toContain('pages: 5');
      expect(await lab.ok('pdf', 'pdf.py', 'split', 'plain.pdf', '--each', '--out', 'parts')).toContain(
        'plain-3.pdf: 1 pages',
      );
      await lab.ok(
        'pdf',
        'pdf.py',
        'rotate',
        'plain.pdf',
        '--by',
        '90',
        '--pages',
        '1',
        '--out',
        'rotated.pdf',
      );
      expect(
        await lab.python("from pypdf import PdfReader; print(PdfReader('rotated.pdf').pages[0].rotation)"),
      ).toBe('90\n');
      await lab.write('p', 'secret\n');
      await lab.ok('pdf', 'pdf.py', 'lock', 'plain.pdf', '--password-file', 'p', '--out', 'locked.pdf');
      expect((await lab.run('pdf', 'pdf.py', 'text', 'locked.pdf')).error).toContain('needs a password');
      await lab.ok('pdf', 'pdf.py', 'unlock', 'locked.pdf', '--password-file', 'p', '--out', 'open.pdf');
      expect(await lab.ok('pdf', 'pdf.py', 'text', 'open.pdf', '--pages', '1')).toContain('Page number 1');
      expect((await lab.run('pdf', 'pdf.py', 'text', 'plain.pdf', '--pages', '4')).error).toContain(
        'the document has 3 pages',
      );
      await lab.write('no.pdf', 'this is no PDF');
      expect((await lab.run('pdf', 'pdf.py', 'info', 'no.pdf')).error).toMatch(/cannot be read as PDF/);
    });

    it('fills in forms', async () => {
      await lab.python(PDF_FORM);
      expect(JSON.parse(await lab.ok('pdf', 'pdf.py', 'fields', 'form.pdf'))).toMatchObject({
        name: { kind: 'text', value: null },
        agree: { kind: 'button', value: '/Off' },
      });
      await lab.write('v.json', '{"name": "Ada Lovelace", "agree": true}');
      await lab.ok('pdf', 'pdf.py', 'fill', 'form.pdf', '--values', 'v.json', '--out', 'filled.pdf');
      expect(JSON.parse(await lab.ok('pdf', 'pdf.py', 'fields', 'filled.pdf'))).toMatchObject({
        name: { value: 'Ada Lovelace' },
        agree: { value: '/On' },
      });
      await lab.write('v.json', '{"nme": "x"}');
      const wrong = await lab.run(
        'pdf',
        'pdf.py',
        'fill',
        'form.pdf',
        '--values',
        'v.json',
        '--out',
        'x.pdf',
      );
      expect(wrong.error).toContain('there are no fields called nme; there are: agree, name');
    });
  });

  describe('spreadsheet', () => {
    it('builds, reads, changes and checks workbooks', async () => {
      const sheet = {
        name: 'Sales',
        header: ['Month', 'Units', 'Price', 'Total'],
        rows: [
          ['2026-01', 10, 2.5, '=B{row}*C{row}'],
          ['2026-02', 4, 2, '=B{row}*C{row}'],
        ],
        totals: { Units: 'sum', Total: 'sum' },
        formats: { Total: '0.00' },
        chart: { kind: 'bar', category: 'Month', values: ['Total'], title: 'By month' },
      };
      await lab.write('plan.json', JSON.stringify({ sheets: [sheet] }));
      await lab.ok('spreadsheet', 'workbook.py', 'build', '--plan', 'plan.json', '--out', 'new.xlsx');
      const read = async (file: string) =>
        JSON.parse(
          await lab.ok('spreadsheet', 'workbook.py', 'read', file, '--formulas', '--format', 'json'),
        ) as unknown[][];
      expect(await read('new.xlsx')).toEqual([
        sheet.header,
        ['2026-01', 10, 2.5, '=B2*C2'],
        ['2026-02', 4, 2, '=B3*C3'],
        ['Total', '=SUM(B2:B3)', null, '=SUM(D2:D3)'],
      ]);
      await lab.write('changes.json', '{"Sales!B2": 17, "Sales!D3": "=Gone!A1"}');
      await lab.ok(
        'spreadsheet',
        'workbook.py',
        'set',
        'new.xlsx',
        '--changes',
        'changes.json',
        '--out',
        'next.xlsx',
      );
      expect((await read('next.xlsx'))[1]?.[1]).toBe(17);
      expect(await lab.ok('spreadsheet', 'workbook.py', 'check', 'new.xlsx')).toContain('no problems');
      const checked = await lab.run('spreadsheet', 'workbook.py', 'check', 'next.xlsx');
      expect([checked.code, checked.out]).toEqual([
        1,
        expect.stringContaining("Sales!D3: the formula refers to a sheet 'Gone'"),
      ]);
      expect(await lab.ok('spreadsheet', 'workbook.py', 'info', 'new.xlsx')).toContain(
        'Sales: A1:D4, 4 formulas',
      );
      await lab.write('no.xlsx', 'no workbook');
      expect((await lab.run('spreadsheet', 'workbook.py', 'info', 'no.xlsx')).code).toBe(1);
    });

    it('takes CSV as data: codes stay codes, and nothing becomes a formula', async () => {
      await lab.write('data.csv', 'code,amount,text\n007,1.5,=1+1\n1e5,-3,"a, b"\n');
      await lab.ok('spreadsheet', 'workbook.py', 'from-csv', 'data.csv', '--out', 'data.xlsx');
      const types = await lab.python(
        "import openpyxl; print([[(c.value, c.data_type) for c in r] for r in openpyxl.load_workbook('data.xlsx').active.iter_rows(min_row=2)])",
      );
      expect(types.trim()).toBe(
        "[[('007', 's'), (1.5, 'n'), ('=1+1', 's')], [('1e5', 's'), (-3, 'n'), ('a, b', 's')]]",
      );
    });
  });

  describe('document', () => {
    const TEXT =
      '# Report\n\nIt is **bold**, *soft* and a [link](https://example.org).\n\n- one\n- two\n\n1. first\n\n| A | B |\n|---|---|\n| 1 | x\\|y |\n\n> said\n\n```\ncode\n```\n';

    it('builds from Markdown and reads it back', async () => {
      await lab.write('t.md', TEXT);
      await lab.ok('document', 'document.py', 'build', 't.md', '--title', 'T', '--out', 'new.docx');
      expect(await lab.ok('document', 'document.py', 'read', 'new.docx')).toBe(
        '# Report\n\nIt is bold, soft and a link.\n\n- one\n- two\n1. first\n\n| A | B |\n|---|---|\n| 1 | x\\|y |\n\n> said\n\ncode\n',
      );
      expect(await lab.ok('document', 'document.py', 'info', 'new.docx')).toContain('title: T');
      await lab.write('u.md', '# Other\n\nText.');
      await lab.ok(
        'document',
        'document.py',
        'build',
        'u.md',
        '--template',
        'new.docx',
        '--out',
        'other.docx',
      );
      expect(await lab.ok('document', 'document.py', 'read', 'other.docx')).toBe('# Other\n\nText.\n');
    });

    it('replaces across pieces of a line, keeps the look, and comments', async () => {
      await lab.write('t.md', TEXT);
      await lab.ok('document', 'document.py', 'build', 't.md', '--out', 'new.docx');
      await lab.write('c.json', '{"is bold, so": "was bold, ha", "x|y": "z"}');
      expect(
        await lab.ok(
          'document',
          'document.py',
          'replace',
          'new.docx',
          '--changes',
          'c.json',
          '--out',
          'next.docx',
        ),
      ).toContain("'x|y': 1 times");
      const text = await lab.ok('document', 'document.py', 'read', 'next.docx');
      expect(text).toContain('It was bold, haft and a');
      expect(text).toContain('| 1 | z |');
      await lab.write('c.json', '{"not there": "x"}');
      expect(
        (
          await lab.run(
            'document',
            'document.py',
            'replace',
            'new.docx',
            '--changes',
            'c.json',
            '--out',
            'x.docx',
          )
        ).code,
      ).toBe(1);
      await lab.ok(
        'document',
        'document.py',
        'comment',
        'new.docx',
        '--find',
        'soft',
        '--text',
        'Why?',
        '--out',
        'remarked.docx',
      );
      expect(await lab.ok('document', 'document.py', 'info', 'remarked.docx')).toContain('Agent: Why?');
      expect(
        (
          await lab.run(
            'document',
            'document.py',
            'replace',
            'new.docx',
            '--changes',
            'c.json',
            '--out',
            'new.docx',
          )
        ).code,
      ).toBe(1);
    });
  });

  it('presentation builds, reads and changes slides', async () => {
    await sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } })
      .png()
      .toFile(path.join(lab.folder, 'p.png'));
    await lab.write(
      'plan.json',
      JSON.stringify([
        { title: 'Results', subtitle: 'For the board' },
        { title: 'It grew', bullets: ['North', ['new'], 'South'], notes: 'Say why.' },
        {
          title: 'By month',
          chart: { kind: 'column', categories: ['Jan', 'Feb'], series: { Units: [10, 20] } },
        },
        {
          title: 'Prices',
          table: [
            ['Product', 'Price'],
            ['A', 2.5],
          ],
        },
        { title: 'Site', picture: 'p.png' },
      ]),
    );
    await lab.ok('presentation', 'slides.py', 'build', '--plan', 'plan.json', '--out', 'new.pptx');
    const text = await lab.ok('presentation', 'slides.py', 'read', 'new.pptx');
    expect(text).toContain('## 1. Results\n\n- For the board');
    expect(text).toContain('- North\n  - new\n- South\n\nNotes: Say why.');
    expect(text).toContain('Chart, Units: Jan 10.0, Feb 20.0');
    expect(text).toContain('| A | 2.5 |');
    expect(text).toMatch(/## 5\. Site\n\nPicture: /);
    await lab.write('c.json', '{"North": "East", "Product": "Thing"}');
    await lab.ok(
      'presentation',
      'slides.py',
      'replace',
      'new.pptx',
      '--changes',
      'c.json',
      '--out',
      'next.pptx',
    );
    expect(await lab.ok('presentation', 'slides.py', 'read', 'next.pptx')).toMatch(
      /- East[\s\S]*\| Thing \| Price \|/,
    );
    await lab.write('plan.json', '[{"title": "Only one"}]');
    await lab.ok(
      'presentation',
      'slides.py',
      'build',
      '--plan',
      'plan.json',
      '--template',
      'new.pptx',
      '--out',
      'third.pptx',
    );
    expect(await lab.ok('presentation', 'slides.py', 'read', 'third.pptx')).toBe('## 1. Only one\n\n');
  });

  it('code-review lists changes and points at what deserves a look', async () => {
    const git = `import subprocess; g = lambda *a: subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@x", *a], check=True, capture_output=True)`;
    await lab.python(
      `${git}\ng("init", "-q"); open("a.py", "w").write("one\\ntwo\\nthree\\n"); g("add", "."); g("commit", "-qm", "first")
open("a.py", "w").write("one\\nTWO\\nthree\\nprint(1)\\n"); g("commit", "-qam", "second")
open("ü.py", "w").write("key_token = 'abcdefghijklmnop'\\n")`,
    );
    const range = await lab.ok('code-review', 'changes.py', 'HEAD~1..HEAD');
    expect(range).toContain('1 files, 2 lines added, 1 removed');
    expect(range).toContain('a.py (changed, +2 -1): lines 2, 4');
    expect(range).toContain('a.py:4: leftover of debugging: print(1)');
    expect(range).toContain('code is changed, and no test is');
    const open = await lab.ok('code-review', 'changes.py');
    expect(open).toContain('ü.py:1: may be a secret');
    expect(open).not.toContain('abcdefghijklmnop');
    expect(JSON.parse(await lab.ok('code-review', 'changes.py', '--json'))).toMatchObject({
      files: [{ path: 'ü.py', status: 'untracked' }],
    });
    expect((await lab.run('code-review', 'changes.py', 'nowhere..HEAD')).error).toContain('git diff failed');
  });

  it('skill-creator makes, checks and packs skills that the server takes', async () => {
    await lab.ok('skill-creator', 'new_skill.py', 'my-skill', '--description', 'Says: "hello" #1');
    expect(await lab.ok('skill-creator', 'check_skill.py', 'my-skill')).toBe('no problems found\n');
    await lab.ok('skill-creator', 'pack_skill.py', 'my-skill', '--out', 'my-skill.zip');
    const files = await readArchive(await lab.read('my-skill.zip'), 'zip');
    expect(files.map(({ path: file }) => file)).toEqual(['my-skill/SKILL.md']);
    expect((await readSkillFolder(path.join(lab.folder, 'my-skill'))).document.description).toBe(
      'Says: "hello" #1',
    );
    await lab.write(
      'my-skill/SKILL.md',
      '---\nname: My Skill\ndescription: when: x\n---\nRun scripts/gone.py.\n',
    );
    const broken = await lab.run('skill-creator', 'pack_skill.py', 'my-skill', '--out', 'x.zip');
    expect(broken.code).toBe(1);
    expect(broken.out).toContain('SKILL.md line 3: a text that holds');
    await lab.write('my-skill/SKILL.md', '---\nname: other\ndescription: x\n---\nRun scripts/gone.py.\n');
    const { out } = await lab.run('skill-creator', 'check_skill.py', 'my-skill');
    expect(out).toBe(
      'SKILL.md line 2: the folder should be called other too\nSKILL.md names scripts/gone.py, which is not there\n',
    );
  });
});
