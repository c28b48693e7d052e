// Values as a page writes them: tsc checks their types, and Rust reads the JSON that is made of them.
import type { CorpusProtocol } from './client.ts'

type Says = CorpusProtocol['says']

export const said: { [K in Exclude<keyof Says, 'tell'>]: Says[K][] } = {
  numbers: [{ value: { tiny: 255, small: -1, whole: -1, long: 9007199254740991, float: 0.1, short: 1e10 } }],
  wide: [
    { value: { big_u: 340282366920938463463374607431768211455n, big_i: -170141183460469231731687303715884105728n } },
    { value: { big_u: 0n, big_i: 0n } },
  ],
  plain: [{ value: { yes: false, text: '\u2028\u0000"', letter: 'ß', nothing: null } }],
  options: [
    { value: {} },
    { value: { maybe: null, skipped: null, twice: null } },
    { value: { maybe: undefined, skipped: undefined, list: undefined, count: undefined, twice: undefined } },
    { value: { maybe: 1, skipped: 'a', list: [1], count: 1, twice: true } },
  ],
  keys: [
    { value: { firstName: 1, 'last-name': 2, in: 3, new: 4, 'it\'s "odd"\n': 5, '1st': 6, type: 7 } },
    { value: { firstName: 1, 'last-name': 2, in: 3, new: 4, 'it\'s "odd"\n': 5, '1st': 6, type: 7, read: 8 } },
  ],
  closed: [{ value: { only: 1 } }],
  external: [
    { value: 'Unit' },
    { value: { Newtype: 1 } },
    { value: { Tuple: [1, 'a'] } },
    { value: { Struct: { a: 1 } } },
    { value: 'odd-name' },
  ],
  internal: [
    { value: { kind: 'unit' } },
    { value: { kind: 'struct', lineWidth: 1 } },
    { value: { kind: 'newtype', x: 1, y: 2 } },
    { value: { kind: 'map', any: 'text' } },
  ],
  adjacent: [
    { value: { t: 'Unit' } },
    { value: { t: 'Newtype', c: { x: 1, y: 2 } } },
    { value: { t: 'Tuple', c: [1, false] } },
    { value: { t: 'Struct', c: { x: 1 } } },
  ],
  untagged: [{ value: null }, { value: 1 }, { value: 'a' }, { value: { x: 1 } }, { value: { x: 1, y: 2 } }],
  color: [{ value: 'red' }, { value: 'blue' }],
  open: [{ value: 'known' }, { value: 'unknown' }, { value: 'what a newer client has' }],
  mixed: [{ value: 'Named' }, { value: 'any' }],
  outer: [
    { value: { own: 1, x: 1, y: 2, kind: 'unit' } },
    { value: { own: 1, x: 1, y: 2, kind: 'struct', lineWidth: 1 } },
  ],
  with_external: [
    { value: { own: 1, Unit: null } },
    { value: { own: 1, Newtype: 1 } },
    { value: { own: 1, Tuple: [1, 'a'] } },
    { value: { own: 1, Struct: { a: 1 } } },
    { value: { own: 1, 'odd-name': null } },
  ],
  with_option: [{ value: { own: 1 } }, { value: { own: 1, x: 1, y: 2 } }],
  with_rest: [{ value: { own: 1 } }, { value: { own: 1, more: 2 } }],
  newtype: [{ value: 'a' }],
  transparent: [{ value: [{ x: 1, y: 2 }] }],
  pair: [{ value: [1, 'a'] }],
  unit: [{ value: null }],
  lists: [
    {
      value: {
        list: [1], maybe: [null, 1], set: [1], three: [1, 2, 3], nine: [1, 2, 3, 4, 5, 6, 7, 8, 9], tuple: [1, 'a'],
        nested: [['red'], []],
      },
    },
  ],
  maps: [
    {
      value: {
        texts: { any: 1 }, numbers: { 7: 'red' }, negative: { '-7': true }, ids: { 7: true }, colors: { red: 1 }, letters: { ß: 1 },
        bools: { true: 1 }, uuids: { '00000000-0000-0000-0000-000000000007': 1 }, wide: { '340282366920938463463374607431768211455': 1 },
      },
    },
  ],
  formats: [
    {
      value: {
        at: '2026-02-03T04:05:06Z', day: '2026-02-03', uuid: '00000000-0000-0000-0000-000000000007', url: 'https://example.org',
        price: '1.50', ip: '::1', all: [],
      },
    },
  ],
  times: [{ value: { took: { secs: 1, nanos: 5 }, since: { secs_since_epoch: 1, nanos_since_epoch: 0 }, range: { start: 1, end: 2 } } }],
  items: [{ value: { items: [{ name: 'a' }, { name: 'b', note: null }] } }],
  ids: [{ value: { items: [1, 2], next: 3 } }],
  tree: [{ value: { big: 340282366920938463463374607431768211455n, children: [{ big: 1n, children: [] }] } }],
  expression: [{ value: { op: 'add', left: { op: 'number', value: 1 }, right: { op: 'number', value: 2 } } }],
  marked: [
    { value: { big_id: 18446744073709551615n, big_list: [-9223372036854775808n, null], big_serial: 1n, count: 7 } },
    { value: { big_id: 0n, big_list: [], count: 7 } },
  ],
  amount: [{ value: { kind: 'Exact', big: 1n } }, { value: { kind: 'Listed', big: [1n, 2n] } }, { value: { kind: 'None' } }],
  empty: [{ value: {} }],
  tagged: [{ value: { kind: 'tagged', a: 1 } }],
  code: [{ value: '7' }],
  block: [{ value: { items: [{ Text: 'a' }, { Block: { items: [] } }] } }],
  old: [{ value: { old: 1, new: 2 } }],
  nested: [{ value: { items: [[null, { items: [1] }]] } }],
  floats: [{ value: { finite: 0.1, nothing: -1e-7, endless: null } }, { value: { finite: 3 } }],
  sizes: [{ value: { size: 9007199254740991, offset: -9007199254740991 } }],
  beyond: [{ value: { count: 9007199254740994, balance: -9007199254740992 } }],
  defaults: [{ value: {} }, { value: { count: 1, name: 'a', point: null } }, { value: { point: { x: 3, y: 4 } } }],
  default_by: [{ value: {} }, { value: { count: 1, colour: 'blue' } }],
  with_any: [{ value: { own: 1 } }, { value: { own: 1, more: [null, { x: 1 }] } }],
  inside: [
    { value: { hashed: [5], range: { start: 2, end: 3 }, boxed: { x: 1, y: 2 }, shared: 's', cow: 'c', all: [null, 'blue'] } },
  ],
  pointed: [
    { value: { kind: 'boxed', x: 1, y: 2 } },
    { value: { kind: 'shared', x: 3, y: 4 } },
    { value: { kind: 'borrowed', x: 5, y: 6 } },
    { value: { kind: 'fields', shared: 'a' } },
    { value: { kind: 'fields', shared: 'a', at: { x: 1, y: 2 } } },
  ],
  held: [
    { value: { t: 'Maybe', c: null } },
    { value: { t: 'Maybe', c: 1 } },
    { value: { t: 'Boxed', c: 'red' } },
    { value: { t: 'Boxed', c: null } },
    { value: { t: 'Cow', c: 'a' } },
    { value: { t: 'All', c: [1, null] } },
  ],
  optional: [{ value: { Maybe: null } }, { value: { Maybe: { x: 1, y: 2 } } }, { value: { Both: [null, 'a'] } }],
  hushed: [{ value: 'Nothing' }, { value: { Part: [1, 2] } }],
  either: [{ value: { right: [] } }, { value: { left: { x: 1, y: 2 }, right: [{ items: ['red'] }, { items: [], next: 1 }] } }],
  other_way: [{ value: { left: 'red', right: [1] } }],
  raw: [{ value: { base64: 'AP8', bytes: [0, 255], json: { any: ['thing', null] } } }],
  taken: [{ value: [{ map: { channel: { deleted: false } } }, { other: { x: 1 } }] }],
}
