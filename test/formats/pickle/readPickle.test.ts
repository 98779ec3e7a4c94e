import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/errors.js';
import { readPickle } from '../../../src/formats/pickle/readPickle.js';
import { standardGlobals } from '../../../src/formats/pickle/standardGlobals.js';
import { PickleTuple, type PickleValue, textOf } from '../../../src/formats/pickle/values.js';
import { PickleWriter } from '../../../src/formats/pickle/writer.js';
import { latin1Bytes } from '../support/bytes.js';

function read(text: string, persistentLoad?: (id: PickleValue) => PickleValue): PickleValue {
  return readPickle(latin1Bytes(text), { fileName: 'a.pkl', globals: standardGlobals, persistentLoad }).value;
}

/** What the same data in every protocol must become. */
const expected = new Map<PickleValue, PickleValue>([
  ['a', [1, -2, 3.5, true, null, 2n ** 70n, 'naïve']],
  ['b', new PickleTuple([1, new PickleTuple([2])])],
  ['s', new Set([1])],
  ['o', new Map([['x', 1]])],
]);

/** `pickle.dumps({'a': [1, -2, 3.5, True, None, 2**70, 'naïve'], b'b': (1, (2,)), 's': {1}, 'o': OrderedDict(x=1)}, protocol)` */
const protocols = [
  '(dp0\nVa\np1\n(lp2\nI1\naI-2\naF3.5\naI01\naNaL1180591620717411303424L\naVna\xefve\np3\nasc_codecs\nencode\np4\n(Vb\np5\nVlatin1\np6\ntp7\nRp8\n(I1\n(I2\ntp9\ntp10\nsVs\np11\nc__builtin__\nset\np12\n((lp13\nI1\natp14\nRp15\nsVo\np16\nccollections\nOrderedDict\np17\n(tRp18\nVx\np19\nI1\nss.',
  '}q\0(X\x01\0\0\0aq\x01]q\x02(K\x01J\xfe\xff\xff\xffG@\x0c\0\0\0\0\0\0I01\nNL1180591620717411303424L\nX\x06\0\0\0na\xc3\xafveq\x03ec_codecs\nencode\nq\x04(X\x01\0\0\0bq\x05X\x06\0\0\0latin1q\x06tq\x07Rq\x08(K\x01(K\x02tq\ttq\nX\x01\0\0\0sq\x0bc__builtin__\nset\nq\x0c(]q\rK\x01atq\x0eRq\x0fX\x01\0\0\0oq\x10ccollections\nOrderedDict\nq\x11)Rq\x12X\x01\0\0\0xq\x13K\x01su.',
  '\x80\x02}q\0(X\x01\0\0\0aq\x01]q\x02(K\x01J\xfe\xff\xff\xffG@\x0c\0\0\0\0\0\0\x88N\x8a\t\0\0\0\0\0\0\0\0@X\x06\0\0\0na\xc3\xafveq\x03ec_codecs\nencode\nq\x04X\x01\0\0\0bq\x05X\x06\0\0\0latin1q\x06\x86q\x07Rq\x08K\x01K\x02\x85q\t\x86q\nX\x01\0\0\0sq\x0bc__builtin__\nset\nq\x0c]q\rK\x01a\x85q\x0eRq\x0fX\x01\0\0\0oq\x10ccollections\nOrderedDict\nq\x11)Rq\x12X\x01\0\0\0xq\x13K\x01su.',
  '\x80\x03}q\0(X\x01\0\0\0aq\x01]q\x02(K\x01J\xfe\xff\xff\xffG@\x0c\0\0\0\0\0\0\x88N\x8a\t\0\0\0\0\0\0\0\0@X\x06\0\0\0na\xc3\xafveq\x03eC\x01bq\x04K\x01K\x02\x85q\x05\x86q\x06X\x01\0\0\0sq\x07cbuiltins\nset\nq\x08]q\tK\x01a\x85q\nRq\x0bX\x01\0\0\0oq\x0cccollections\nOrderedDict\nq\r)Rq\x0eX\x01\0\0\0xq\x0fK\x01su.',
  '\x80\x04\x95\x5f\x01\0\0\0\0\0\0}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffG@\x0c\0\0\0\0\0\0\x88N\x8a\t\0\0\0\0\0\0\0\0@\x8c\x06na\xc3\xafve\x94eC\x01b\x94K\x01K\x02\x85\x94\x86\x94\x8c\x01s\x94\x8f\x94(K\x01\x90\x8c\x01o\x94\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94\x8c\x01x\x94K\x01su.',
];

describe('pickles', () => {
  for (const [protocol, text] of protocols.entries())
    it(`of protocol ${protocol} become plain data`, () => assert.deepEqual(read(text), expected));

  it('of Python 2 have byte strings, and text as keys of dicts', () => {
    const value = read("(dp0\nS'k\\x41\\n\\'\\101'\nS\"v\\\\\"\nsU\x01xU\x01\xffsT\x01\0\0\0yI7\ns.");
    assert.ok(value instanceof Map);
    assert.deepEqual([...value.keys()], ["kA\n'A", 'x', 'y']);
    assert.deepEqual(value.get('x'), Uint8Array.of(255));
    assert.equal(textOf(value.get("kA\n'A")), 'v\\');
  });

  it('share objects, and may contain themselves', () => {
    const value = read(']q\0(]q\x01h\x01h\0e.');
    assert.ok(Array.isArray(value));
    assert.equal(value[0], value[1]);
    assert.equal(value[2], value);
  });

  it('hold every other kind of constant', () => {
    assert.deepEqual(
      read('(I00\nI01\nF1e-3\nFnan\nF-inf\nM\x01\x02\x8a\x01\x80\x8b\x02\0\0\0\xff\x7f\x8a\x00t.'),
      new PickleTuple([false, true, 0.001, Number.NaN, -Infinity, 513, -128, 32767, 0]),
    );
    assert.deepEqual(
      read('(B\x01\0\0\0a\x8e\x01\0\0\0\0\0\0\0b\x96\x01\0\0\0\0\0\0\0c\x8d\x01\0\0\0\0\0\0\0dl.'),
      [Uint8Array.of(97), Uint8Array.of(98), Uint8Array.of(99), 'd'],
    );
    assert.equal(read('V\\u00e9\\U0001f600\\\n.'), 'é😀\\');
    assert.deepEqual(read('(K\x01K\x02d.'), new Map([[1, 2]]));
    assert.deepEqual(read('(K\x01K\x02\x91.'), new Set([1, 2]));
    assert.deepEqual(read('K\x010K\x022\x86.'), new PickleTuple([2, 2]));
    assert.equal(read('(K\x01(K\x0211K\x03.'), 3);
    assert.equal(read('X\x04\0\0\0\xef\xbb\xbfa.'), '\ufeffa');
  });
});

/** Calls of plain containers' constructors, in every way that pickles have. */
const constructed: [string, PickleValue][] = [
  ['ccollections\nOrderedDict\n((U\x01aK\x01\x86lt\x81.', new Map([['a', 1]])],
  ['(icollections\nOrderedDict\n.', new Map()],
  ['(ccollections\nOrderedDict\no.', new Map()],
  ['ccollections\ndefaultdict\ncbuiltins\nlist\n\x85RK\x01K\x02s.', new Map([[1, 2]])],
  ['ccollections\nCounter\n}K\x01K\x02s\x85R.', new Map([[1, 2]])],
  ['cbuiltins\ndict\n)R.', new Map()],
  ['cbuiltins\nfrozenset\n(K\x01K\x02\x91\x85R.', new Set([1, 2])],
  ['c__builtin__\nlist\nK\x01K\x02\x86\x85R.', [1, 2]],
  ['cbuiltins\nbytearray\nC\x01a\x85R.', Uint8Array.of(97)],
  ['c__builtin__\nbytearray\nVa\nU\x07latin-1\x86R.', Uint8Array.of(97)],
  ['c__builtin__\nbytes\n)R.', new Uint8Array(0)],
  ['ctorch\nSize\n(K\x02K\x03t\x85R.', new PickleTuple([2, 3])],
];

describe('a pickle may', () => {
  for (const [text, value] of constructed)
    it(`call a constructor: ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), value));

  it('give a dict a state, which is left out', () => {
    const value = read('\x80\x02ccollections\nOrderedDict\n)RX\x01\0\0\0aK\x01s}X\x09\0\0\0_metadata}sb.');
    assert.deepEqual(value, new Map([['a', 1]]));
  });

  it('remember objects under large numbers', () => {
    assert.deepEqual(
      read('Nr\x05\0\x01\0j\x05\0\x01\0p70000\ng70000\n\x87.'),
      new PickleTuple([null, null, null]),
    );
  });

  it('name objects outside of it', () => {
    const loaded: PickleValue[] = [];
    const load = (id: PickleValue): PickleValue => {
      loaded.push(id);
      return 5;
    };
    assert.deepEqual(read('Pname\nK\x07\x85Q\x86.', load), new PickleTuple([5, 5]));
    assert.deepEqual(loaded, ['name', new PickleTuple([7])]);
  });

  it('be one of several in a file', () => {
    const bytes = latin1Bytes('K\x01.K\x02.');
    const options = { fileName: 'x', globals: standardGlobals };
    assert.deepEqual(readPickle(bytes, options), { value: 1, end: 3 });
    assert.deepEqual(readPickle(bytes, { ...options, start: 3 }), { value: 2, end: 6 });
  });
});

const refused: [string, string, RegExp][] = [
  ['a command', 'cos\nsystem\n(S"true"\ntR.', /^a\.pkl refers to os\.system, which is not allowed$/],
  ['a command by its other name', '\x8c\x05posix\x8c\x06system\x93.', /refers to posix\.system/],
  ['eval', 'c__builtin__\neval\n(S"1"\ntR.', /refers to __builtin__\.eval/],
  [
    'an attribute of what is allowed',
    'ccollections\nOrderedDict.__init__\n.',
    /OrderedDict\.__init__, which/,
  ],
  ['a name of many lines', '\x8c\x04a\nb\x1b\x8c\x01c\x93.', /refers to a\ufffdb\ufffd\.c, which/],
  ['a call of a type that is only named', 'cbuiltins\nint\n(S"1"\ntR.', /calls a reference to builtins\.int/],
  ['a call of a value', 'K\x01)R.', /calls 1, which is not allowed/],
  ['a state for a list', ']}b.', /gives a state to a list/],
  ['a state for a class', 'cbuiltins\nset\n}b.', /gives a state to a global/],
  ['an extension', '\x82\x01.', /byte 0 is 0x82/],
  ['a buffer outside', '\x97.', /byte 0 is 0x97/],
  ['keyword arguments', 'cbuiltins\nset\n)}\x92.', /builtins\.set with keyword arguments/],
  ['an object outside', 'K\x01Q.', /outside of it/],
  ['protocol 6', '\x80\x06N.', /unknown pickle protocol 6/],
  ['no bytes', '', /is truncated: 1 bytes must follow at byte 0, but 0 do/],
  ['no end', 'K\x01', /is truncated/],
  ['cut bytes', 'B\xff\xff\xff\xffabc', /4294967295 bytes must follow at byte 5, but 3 do/],
  ['a length beyond 2^63', '\x8e\xff\xff\xff\xff\xff\xff\xff\xff.', /is truncated/],
  ['a line without end', 'I1', /a line has no end/],
  ['text that is not UTF-8', 'X\x01\0\0\0\xff.', /at byte 5 that is not UTF-8/],
  ['an empty stack', '.', /empty stack/],
  ['a pop below a mark', 'K\x01(0K\x01(\x85.', /empty stack/],
  ['a tuple without a mark', 't.', /did not open/],
  ['an unknown memo', 'h\x05.', /object 5, which it did not remember/],
  ['a negative memo', 'Np-1\n.', /number of an object/],
  ['a key without a value', '(K\x01d.', /key without a value/],
  ['an append to a dict', '}K\x01a.', /appends to a dict/],
  ['an item of a list', ']K\x01K\x01s.', /sets an item of a list/],
  ['an addition to a list', '](\x90.', /adds to a list/],
  ['letters in an integer', 'I1x\n.', /1x where an integer/],
  ['a hexadecimal float', 'F0x10\n.', /0x10 where a number/],
  ['an endless integer', `L${'9'.repeat(2000)}L\n.`, /an integer is expected/],
  ['a long integer', `\x8b\x01\x04\0\0${'a'.repeat(1025)}.`, /integer of 1025 bytes/],
  ['an unquoted string', 'Sabc\n.', /without quotes/],
  ['a wrong escape', "S'\\q'\n.", /malformed escape/],
  ['an escaped last quote', "S'abc\\'\n.", /last quote is escaped/],
  ['a character beyond Unicode', 'V\\U00110000\n.', /beyond Unicode/],
  ['characters beyond bytes', 'c_codecs\nencode\nV\\u0100\nVlatin1\n\x86R.', /not Latin-1/],
  ['bytes of something', 'cbuiltins\nbytes\nK\x05\x85R.', /bytes with arguments/],
  ['a pair of three', 'ccollections\nOrderedDict\n]K\x01K\x02K\x03\x87a\x85R.', /not pairs/],
  [
    'arguments that are no tuple',
    'cbuiltins\nset\n]R.',
    /a list as the arguments of builtins\.set, where a tuple/,
  ],
  ['a name that is not text', 'K\x01K\x02\x93.', /a name that is not text/],
  ['a memo of nothing', 'q\0.', /empty stack/],
  ['another codec', 'c_codecs\nencode\nVa\nVrot13\n\x86R.', /latin1/],
  ['pairs that are not', 'ccollections\nOrderedDict\n]K\x01a\x85R.', /not a list/],
];

describe('a pickle is refused in one sentence for', () => {
  for (const [name, text, message] of refused) {
    it(name, () => {
      assert.throws(
        () => read(text),
        (error) => error instanceof UserError && message.test(error.message) && !/[\n\r]/.test(error.message),
      );
    });
  }
});

describe('limits', () => {
  const limits: [string, () => string, RegExp][] = [
    ['objects of a small pickle', () => `(${'}'.repeat(24_000)}l.`, /more than 23000 objects/],
    ['objects', () => `(${'}'.repeat(5_000_000)}l.`, /more than 500000 objects/],
    ['memo', () => `N${'\x94'.repeat(1_000_001)}.`, /remembers more than 1000000/],
    ['open marks', () => '('.repeat(1001), /more than 1000 lists/],
    ['instructions', () => `${'N0'.repeat(2_500_001)}N.`, /more than 5000000 instructions/],
    [
      'copies by calls',
      () => `(${'N'.repeat(2000)}l\x94${'cbuiltins\nset\nh\0\x85R0'.repeat(6000)}N.`,
      /copies its objects too often/,
    ],
    [
      'copies of text as keys',
      () => `B\0\0\x10\0${'x'.repeat(2 ** 20)}\x94}${'h\0Ns'.repeat(50)}.`,
      /copies its objects too often/,
    ],
  ];
  for (const [name, make, message] of limits)
    it(name, () =>
      assert.throws(
        () => read(make()),
        (error) => error instanceof UserError && message.test(error.message),
      ),
    );

  it('deep nesting is read without recursion', () => {
    assert.ok(Array.isArray(read(`${']'.repeat(20_000)}${'a'.repeat(19_999)}.`)));
  });
});

it('what the writer writes is read', () => {
  const writer = new PickleWriter().emptyDict().mark();
  const numbers = [0, 255, 256, -1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53) + 1];
  for (const [i, number] of numbers.entries()) writer.text(`n${i}`).integer(number);
  writer.text('é').boolean(true).text('').boolean(false);
  writer.text('od').global('collections', 'OrderedDict').mark().tuple().reduce();
  writer.text('od2').global('collections', 'OrderedDict').mark().tuple().reduce();
  const { value } = readPickle(writer.setItems().finish(), { fileName: 'w', globals: standardGlobals });
  assert.deepEqual(
    value,
    new Map<string, PickleValue>([
      ...numbers.map((number, i): [string, number] => [`n${i}`, number]),
      ['é', true],
      ['', false],
      ['od', new Map()],
      ['od2', new Map()],
    ]),
  );
});
