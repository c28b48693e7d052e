// What a page hears and says if all its integers of 64 bits are `bigint`: `corpus.test.mjs` puts it beside the client that is made so.
import { Game, type Answer, type CorpusProtocol, type GameProtocol } from './bigint.ts'

type Hears = CorpusProtocol['hears']
type Says = CorpusProtocol['says']
type WithBigints = 'numbers' | 'wide' | 'times' | 'tree' | 'marked' | 'amount' | 'sizes' | 'beyond'

/** All that stands in `heard.json` of the types that have a `bigint`. */
export const heard: { [K in WithBigints]: (Omit<Hears[K], 'type'> & Says[K])[] } = {
  numbers: [
    { value: { tiny: 0, small: 0, whole: 0, long: 0n, float: -0, short: 0.5 } },
    { value: { tiny: 255, small: -32768, whole: -2147483648, long: 9007199254740991n, float: 1.7976931348623157e308, short: 1.1754944e-38 } },
  ],
  wide: [
    { value: { big_u: 340282366920938463463374607431768211455n, big_i: -170141183460469231731687303715884105728n } },
    { value: { big_u: 5n, big_i: -5n } },
  ],
  times: [
    { value: { took: { secs: 1n, nanos: 500000000 }, since: { secs_since_epoch: 5n, nanos_since_epoch: 0 }, range: { start: 1, end: 4 } } },
  ],
  tree: [
    {
      value: {
        big: 340282366920938463463374607431768211455n,
        children: [{ big: 1n, children: [] }, { big: 2n, children: [{ big: 1n, children: [] }] }],
      },
    },
  ],
  marked: [
    { value: { big_id: 18446744073709551615n, big_list: [-9223372036854775808n, null], big_serial: 18446744073709551615n, count: 7n } },
    { value: { big_id: 1n, big_list: [2n], big_serial: null, count: 3n } },
  ],
  amount: [{ value: { kind: 'Exact', big: 1n } }, { value: { kind: 'Listed', big: [2n] } }, { value: { kind: 'None' } }],
  sizes: [
    { value: { size: 18446744073709551615n, offset: -9223372036854775808n } },
    { value: { size: 1n, offset: -1n } },
  ],
  beyond: [
    { value: { count: 9007199254740993n, balance: -9223372036854775807n } },
    { value: { count: 9007199254740992n, balance: -1n } },
  ],
}

export const game = new Game({ game_id: 18446744073709551615n, seat: 'red' }, { url: 'ws://localhost' })
export const howMany: () => Promise<bigint | undefined> = () => game.howMany()

// @ts-expect-error the answer is no number
export const many: Answer<GameProtocol, 'how_many'> extends PromiseLike<number | undefined> ? true : false = true
// @ts-expect-error a number is none of them
export const size: Says['sizes'] = { value: { size: 1, offset: 1n } }
// @ts-expect-error nor what is heard
export const since: Hears['times']['value']['since'] = { secs_since_epoch: 5, nanos_since_epoch: 0 }
/** One of 32 bits stays a number. */
export const nanos: Hears['times']['value']['took']['nanos'] = 5
/** And so does a text. */
export const negative: Hears['maps']['value']['negative'] = { '-7': true }
