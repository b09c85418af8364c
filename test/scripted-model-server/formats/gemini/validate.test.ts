import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hiddenThinking } from '../../signatures.ts';
import { geminiViolations, type IssuedParts } from './gemini-validate.ts';

const HEADERS = { 'content-type': 'application/json', 'x-goog-api-key': 'k' };
const SIGNED = { thoughtSignature: hiddenThinking(1) };
const user = (...parts: object[]) => ({ role: 'user', parts });
const model = (...parts: object[]) => ({ role: 'model', parts });
const call = (id: string, name = 'bash') => ({ functionCall: { id, name, args: {} } });
const answer = (id: string, fields: object = {}) => ({
  functionResponse: { id, name: 'bash', response: { output: 'done' }, ...fields },
});
const hi = user({ text: 'hi' });
const tool = (schema: object, name = 'bash') => ({ name, parametersJsonSchema: schema });

const issued: IssuedParts = new Map([
  ['known', [{ text: 'I look.' }, { functionCall: { id: 'known', name: 'bash', args: {} }, ...SIGNED }]],
]);

function violations(
  fields: object,
  modelId = 'gemini-4-argon',
  headers: Record<string, string> = HEADERS,
): string[] {
  const url = `/v1beta/models/${modelId}:streamGenerateContent`;
  const body = { contents: [hi], generationConfig: { maxOutputTokens: 10 }, ...fields };
  return geminiViolations({ method: 'POST', path: url, headers, body }, issued);
}

describe('the rules of Gemini', () => {
  it('let a plain and a rich request pass', () => {
    expect(violations({})).toEqual([]);
    expect(
      violations({
        systemInstruction: { parts: [{ text: 'be good' }] },
        tools: [
          { functionDeclarations: [tool({ type: 'object', properties: { title: { type: 'string' } } })] },
        ],
        contents: [
          hi,
          model({ text: 'I look.' }, { ...call('known'), ...SIGNED }),
          user(answer('known')),
          model({ ...call('a'), thoughtSignature: 'skip_thought_signature_validator' }, call('b')),
          user(answer('a'), answer('b'), { text: 'and' }),
        ],
      }),
    ).toEqual([]);
  });

  it('let pictures pass that are what they are said to be', () => {
    const heic = readFileSync(
      path.join(import.meta.dirname, '../../../../providers/image/__fixtures__/two-colours.heic'),
    );
    const picture = (mimeType: string) => ({
      contents: [user({ inlineData: { mimeType, data: heic.toString('base64') } })],
    });
    expect(violations(picture('image/heic'))).toEqual([]);
    expect(violations(picture('image/png'))).toEqual(['contents: data that is no image/png']);
  });

  it.each<[string, object]>([
    ['an unknown field', { safety: [] }],
    ['no contents', { contents: [] }],
    ['the model first', { contents: [model({ text: 'x' }), hi] }],
    ['the model last', { contents: [hi, model({ text: 'x' })] }],
    ['two user contents in a row', { contents: [hi, hi] }],
    ['an empty text of the user', { contents: [user({ text: ' ' })] }],
    ['a call without a response', { contents: [hi, model({ ...call('a'), ...SIGNED }), hi] }],
    ['a response without a call', { contents: [hi, model({ text: 'x' }), user(answer('a'))] }],
    [
      'responses in another order',
      { contents: [hi, model({ ...call('a'), ...SIGNED }, call('b')), user(answer('b'), answer('a'))] },
    ],
    [
      'a response after a text',
      { contents: [hi, model({ ...call('a'), ...SIGNED }), user({ text: 'x' }, answer('a'))] },
    ],
    [
      'a call id used twice',
      { contents: [hi, model({ ...call('a'), ...SIGNED }, call('a')), user(answer('a'), answer('a'))] },
    ],
    ['a call without a signature', { contents: [hi, model(call('a')), user(answer('a'))] }],
    ['a signature that was changed', { contents: [hi, model({ text: 'x', thoughtSignature: 'y' }), hi] }],
    [
      'a signature at another part',
      {
        contents: [
          hi,
          model({ text: 'I look.', ...SIGNED }, { ...call('known'), ...SIGNED }),
          user(answer('known')),
        ],
      },
    ],
    [
      'a text that was left out',
      { contents: [hi, model({ ...call('known'), ...SIGNED }), user(answer('known'))] },
    ],
    [
      'a budget for a model with levels',
      { generationConfig: { maxOutputTokens: 1, thinkingConfig: { thinkingBudget: 5 } } },
    ],
    [
      'a word of JSON Schema that is not known',
      { tools: [{ functionDeclarations: [tool({ type: 'object', allOf: [] })] }] },
    ],
    ['two functions of one name', { tools: [{ functionDeclarations: [tool({}), tool({})] }] }],
    ['an image that is none', { contents: [user({ inlineData: { mimeType: 'image/png', data: 'AAAA' } })] }],
    [
      'an image of a type that is not taken',
      { contents: [user({ inlineData: { mimeType: 'image/gif', data: 'R0lGODlh' } })] },
    ],
    ['lone surrogates', { contents: [user({ text: '\ud83d' })] }],
  ])('refuse %s', (_name, fields) => {
    expect(violations(fields)).not.toEqual([]);
  });

  it('differ by the generation of the model, and ask for a key', () => {
    const level = { generationConfig: { maxOutputTokens: 1, thinkingConfig: { thinkingLevel: 'LOW' } } };
    expect(violations(level)).toEqual([]);
    expect(violations(level, 'gemini-2.5-pro')).not.toEqual([]);
    expect(violations({ contents: [hi, model(call('a')), user(answer('a'))] }, 'gemini-2.5-pro')).toEqual([]);
    expect(violations({}, 'gemini-4-argon', { 'content-type': 'application/json' })).not.toEqual([]);
  });
});
