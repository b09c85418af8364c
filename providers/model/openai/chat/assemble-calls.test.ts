import { describe, expect, it } from 'vitest';
import { createCallAssembler } from './assemble-calls.ts';

type Piece = Record<string, unknown>;
type Expected = [name: string, json: string, id?: string | null];

const OFFERED = new Set(['bash', 'get_weather', 'get_time', 'list']);
const call = (name?: string, input?: unknown): Piece => ({ function: { name, arguments: input } });

/** Each delta is a list of pieces. */
function assembled(deltas: readonly Piece[][]): Expected[] {
  const assembler = createCallAssembler(OFFERED);
  const begun = new Set<{ name: string; json: string; id: string | null }>();
  for (const delta of deltas) {
    for (const piece of delta) {
      const added = assembler.add(piece);
      if (added?.begins === true) begun.add(added.call);
    }
    assembler.endDelta();
  }
  const joined: ReadonlySet<object> = assembler.join();
  return [...begun].filter((one) => !joined.has(one)).map(({ name, json, id }) => [name, json, id]);
}

const one = (id: string | null = 'a'): Expected[] => [['bash', '{"command":"ls"}', id]];
const two: Expected[] = [
  ['bash', '{"command":"ls"}', 'a'],
  ['get_time', '{"zone":"UTC"}', 'b'],
];
const twoOfOne: Expected[] = [
  ['bash', '{"command":"ls"}', 'a'],
  ['bash', '{"command":"pwd"}', 'b'],
];

describe('the pieces of tool calls', () => {
  it.each<[string, Piece[][], Expected[]]>([
    [
      'as OpenAI sends them',
      [
        [{ index: 0, id: 'a', type: 'function', ...call('bash', '') }],
        [{ index: 0, ...call(undefined, '{"command"') }],
        [{ index: 0, ...call(undefined, ':"ls"}') }],
        [{ index: 1, id: 'b', type: 'function', ...call('get_time', '') }],
        [{ index: 1, ...call(undefined, '{"zone":"UTC"}') }],
      ],
      two,
    ],
    ['whole, in one delta', [[{ index: 0, id: 'a', ...call('bash', '{"command":"ls"}') }]], one()],
    [
      'without an index',
      [[{ id: 'a', ...call('bash', '') }], [call(undefined, '{"command":')], [call(undefined, '"ls"}')]],
      one(),
    ],
    [
      'with an index of null',
      [
        [{ index: null, id: 'a', ...call('bash', '{"command":') }],
        [{ index: null, ...call(undefined, '"ls"}') }],
      ],
      one(),
    ],
    [
      'two without an index, side by side',
      [
        [
          { id: 'a', ...call('bash', '{"command":"ls"}') },
          { id: 'b', ...call('get_time', '{"zone":"UTC"}') },
        ],
      ],
      two,
    ],
    [
      'two without an index, one after another',
      [
        [{ id: 'a', ...call('bash', '') }],
        [call(undefined, '{"command":"ls"}')],
        [{ id: 'b', ...call('get_time', '') }],
        [call(undefined, '{"zone":"UTC"}')],
      ],
      two,
    ],
    [
      'two without index and id',
      [[call('bash', '{"command":"ls"}')], [call('bash', '{"command":"pwd"}')]],
      [
        ['bash', '{"command":"ls"}', null],
        ['bash', '{"command":"pwd"}', null],
      ],
    ],
    [
      'with a new id in every delta',
      [
        [{ index: 0, id: 'a', ...call('bash', '') }],
        [{ index: 0, id: 'b', ...call(undefined, '{"command":') }],
        [{ index: 0, id: 'c', ...call('', '"ls"}') }],
      ],
      one(),
    ],
    [
      'with a new id in every delta and no index',
      [
        [{ id: 'a', ...call('bash', '{') }],
        [{ id: 'b', ...call(undefined, '"command":') }],
        [{ id: 'c', ...call(undefined, '"ls"}') }],
      ],
      one(),
    ],
    [
      'with a new id and the name in every delta',
      [
        [{ index: 0, id: 'a', ...call('bash', '') }],
        [{ index: 0, id: 'b', ...call('bash', '{"command":') }],
        [{ index: 0, id: 'c', ...call('bash', '"ls"}') }],
      ],
      one(),
    ],
    [
      'without any id',
      [[{ index: 0, ...call('bash', '{"command":') }], [{ index: 0, ...call(undefined, '"ls"}') }]],
      one(null),
    ],
    [
      'with an id that comes late',
      [[{ index: 0, ...call('bash', '{"command":') }], [{ index: 0, id: 'a', ...call(undefined, '"ls"}') }]],
      one(),
    ],
    [
      'two at index 0, told apart by their ids',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"command":"ls"}') }],
        [{ index: 0, id: 'b', ...call('bash', '{"command":"pwd"}') }],
      ],
      twoOfOne,
    ],
    [
      'two at index 0, streamed',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"command":') }],
        [{ index: 0, ...call(undefined, '"ls"}') }],
        [{ index: 0, id: 'b', ...call('bash', '{"command":') }],
        [{ index: 0, ...call(undefined, '"pwd"}') }],
      ],
      twoOfOne,
    ],
    [
      'two at index 0, told apart by their names alone',
      [
        [{ index: 0, ...call('bash', '{"command":"ls"}') }],
        [{ index: 0, ...call('get_time', '{"zone":"UTC"}') }],
      ],
      [
        ['bash', '{"command":"ls"}', null],
        ['get_time', '{"zone":"UTC"}', null],
      ],
    ],
    [
      'two at index 0 without ids, told apart by a whole object and a new beginning',
      [
        [{ index: 0, ...call('bash', '{"command":"ls"}') }],
        [{ index: 0, ...call('bash', '{"command":"pwd"}') }],
      ],
      [
        ['bash', '{"command":"ls"}', null],
        ['bash', '{"command":"pwd"}', null],
      ],
    ],
    [
      'two with one id',
      [
        [{ index: 0, id: 'x', ...call('bash', '{"command":"ls"}') }],
        [{ index: 1, id: 'x', ...call('get_time', '{"zone":"UTC"}') }],
      ],
      [
        ['bash', '{"command":"ls"}', 'x'],
        ['get_time', '{"zone":"UTC"}', 'x'],
      ],
    ],
    [
      'two without parameters at index 0, side by side',
      [
        [
          { index: 0, id: 'a', ...call('list', '') },
          { index: 0, id: 'b', ...call('list', '') },
        ],
      ],
      [
        ['list', '', 'a'],
        ['list', '', 'b'],
      ],
    ],
    [
      'arguments before the name',
      [
        [{ index: 0, id: 'a', ...call(undefined, '{"command":') }],
        [{ index: 0, ...call(undefined, '"ls"}') }],
        [{ index: 0, ...call('bash', '') }],
      ],
      one(),
    ],
    [
      'arguments before the name, without index and id',
      [[call(undefined, '{"command":"ls"}')], [call('bash')]],
      one(null),
    ],
    [
      'a name that is repeated with every piece',
      [
        [{ index: 0, id: 'a', ...call('bash', '') }],
        [{ index: 0, id: 'a', ...call('bash', '{"command":') }],
        [{ index: 0, id: 'a', ...call('bash', '"ls"}') }],
      ],
      one(),
    ],
    [
      'a name in pieces',
      [
        [{ index: 0, id: 'a', ...call('get_', '') }],
        [{ index: 0, ...call('weather', '') }],
        [{ index: 0, ...call(undefined, '{}') }],
      ],
      [['get_weather', '{}', 'a']],
    ],
    [
      'a name that grows',
      [[{ index: 0, id: 'a', ...call('get_', '') }], [{ index: 0, ...call('get_weather', '{}') }]],
      [['get_weather', '{}', 'a']],
    ],
    [
      'an index of its own for each piece',
      [
        [{ index: 0, id: 'a', ...call('bash', '') }],
        [{ index: 1, ...call(undefined, '{"command":') }],
        [{ index: 2, ...call(undefined, '"ls"}') }],
      ],
      one(),
    ],
    [
      'indices with gaps, and as text',
      [
        [{ index: 1, id: 'a', ...call('bash', '{"command":"ls"}') }],
        [{ index: '3', id: 'b', ...call('get_time', '{"zone":') }],
        [{ index: '3', ...call(undefined, '"UTC"}') }],
      ],
      two,
    ],
    [
      'in turns',
      [
        [
          { index: 0, id: 'a', ...call('bash', '') },
          { index: 1, id: 'b', ...call('get_time', '') },
        ],
        [{ index: 1, ...call(undefined, '{"zone":') }],
        [{ index: 0, ...call(undefined, '{"command":') }],
        [
          { index: 1, ...call(undefined, '"UTC"}') },
          { index: 0, ...call(undefined, '"ls"}') },
        ],
      ],
      two,
    ],
    [
      'arguments as an object',
      [[{ index: 0, id: 'a', ...call('bash', { command: 'ls' }) }], [{ index: 0, ...call(undefined, null) }]],
      one(),
    ],
    [
      'the whole call again in the last chunk',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"command":') }],
        [{ index: 0, ...call(undefined, '"ls"}') }],
        [{ index: 0, id: 'a', ...call('bash', '{"command": "ls"}') }],
      ],
      one(),
    ],
    [
      'two calls at index 0 again in the last chunk',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"command":"ls"}') }],
        [{ index: 0, id: 'b', ...call('get_time', '{"zone":"UTC"}') }],
        [
          { index: 0, id: 'a', ...call('bash', '{"command":"ls"}') },
          { index: 0, id: 'b', ...call('get_time', '{"zone":"UTC"}') },
        ],
      ],
      two,
    ],
    [
      'the name again, with nothing, in the last chunk',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"command":"ls"}') }],
        [{ index: 0, id: 'a', ...call('bash', '') }],
      ],
      one(),
    ],
    [
      'an empty object before the arguments',
      [
        [{ index: 0, id: 'a', ...call('bash', '{}') }],
        [{ index: 0, ...call(undefined, '{"command":') }],
        [{ index: 0, ...call(undefined, '"ls"}') }],
      ],
      one(),
    ],
    ['the older form', [[{ name: 'bash', arguments: '{"command":' }], [{ arguments: '"ls"}' }]], one(null)],
    [
      'a call without a name',
      [[{ index: 0, id: 'a', ...call(undefined, '{"x":1}') }]],
      [['', '{"x":1}', 'a']],
    ],
    [
      'a whole object after another, which belongs to no call',
      [[{ index: 0, id: 'a', ...call('bash', '{"command":"ls"}') }], [{ index: 0, ...call('', '{"x":1}') }]],
      [
        ['bash', '{"command":"ls"}', 'a'],
        ['', '{"x":1}', null],
      ],
    ],
    [
      'a new id and the name in every delta, also in a last one without arguments',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"command":') }],
        [{ index: 0, id: 'b', ...call('bash', '"ls"}') }],
        [{ index: 0, id: 'c', ...call('bash', '') }],
      ],
      one(),
    ],
    [
      'the name again without arguments, index and id',
      [[call('bash', '{"command":"ls"}')], [call('bash', '')]],
      one(null),
    ],
    [
      'an empty object after the arguments',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"command":"ls"}') }],
        [{ index: 0, id: 'a', ...call('bash', '{}') }],
        [{ index: 0, ...call(undefined, '{}') }],
      ],
      one(),
    ],
    [
      'the word null before the arguments',
      [
        [{ index: 0, id: 'a', ...call('bash', 'null') }],
        [{ index: 0, ...call(undefined, '{"command":"ls"}') }],
      ],
      one(),
    ],
    [
      'two calls again in the last chunk, without index and id',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"command":"ls"}') }],
        [{ index: 1, id: 'b', ...call('get_time', '{"zone":"UTC"}') }],
        [call('bash', '{"command":"ls"}'), call('get_time', '{"zone": "UTC"}')],
      ],
      two,
    ],
    [
      'two equal calls side by side without index and id',
      [[call('list', '{"path":"."}'), call('list', '{"path":"."}')]],
      [
        ['list', '{"path":"."}', null],
        ['list', '{"path":"."}', null],
      ],
    ],
    [
      'a name in pieces under changing ids',
      [
        [{ index: 0, id: 'a', ...call('get_', '') }],
        [{ index: 0, id: 'b', ...call('weather', '') }],
        [{ index: 0, id: 'c', ...call(undefined, '{"city":"Graz"}') }],
      ],
      [['get_weather', '{"city":"Graz"}', 'a']],
    ],
    [
      'brackets in pieces that are whole objects by themselves',
      [
        [{ index: 0, id: 'a', ...call('bash', '{"a":') }],
        [{ index: 0, id: 'a', ...call('bash', '{"b":"}{"}') }],
        [{ index: 0, ...call(undefined, '}') }],
      ],
      [['bash', '{"a":{"b":"}{"}}', 'a']],
    ],
    [
      'pieces with nothing in them',
      [[{}, { index: 0 }], [{ index: 0, id: 'a', type: 'function', function: {} }]],
      [],
    ],
    ['what is no call', [[null as never, 'x' as never, 3 as never]], []],
  ])('make calls: %s', (_shape, deltas, expected) => {
    expect(assembled(deltas)).toEqual(expected.map(([name, json, id = null]) => [name, json, id]));
  });
});
