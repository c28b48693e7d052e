// What the compiler must say: each line below an `@ts-expect-error` is a mistake that a page may make.
import { attempt, type FaultsOf, type Hears } from '../../../channel-runtime/src/contract/typescript/core.ts'
import { Auction, Corpus, Game, Watch, type CorpusProtocol, type GameProtocol, type NotesProtocol, type RpcProtocol } from './client.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
const is = <T extends true>(_?: T) => {}

export async function mistakes() {
  const corpus = new Corpus().open()
  const game = new Game({ game_id: 7, seat: 'red' }).open()
  new Game({ game_id: 7n, seat: 'red' }, { query: { a: 'b' } })
  // @ts-expect-error a parameter that is missing
  new Game({ game_id: 7 })
  // @ts-expect-error a parameter of another type
  new Game({ game_id: '7', seat: 'red' })
  // @ts-expect-error no parameters at all
  new Game()
  // @ts-expect-error the path has no parameters
  new Corpus({ id: 7 })

  const moved = await game.move({ from: 'e2', to: 'e4' })
  is<Equal<typeof moved.type, 'moved.to'>>()
  is<Equal<typeof moved.x, number>>()
  is<Equal<typeof moved.by, 'red' | 'white'>>()
  // @ts-expect-error a field that is missing
  game.move({ from: 'e2' })
  // @ts-expect-error a field too many
  game.move({ from: 'e2', to: 'e4', piece: 'king' })
  // @ts-expect-error a field of another type
  game.move({ from: 'e2', to: 4 })
  // @ts-expect-error the message has nothing in it, so this would be the call's options
  game.howMany({ all: true })
  const many = await game.howMany()
  is<Equal<typeof many, number | undefined>>()
  const nothing = await game.typing({ on: true })
  is<Equal<typeof nothing, void>>()
  await game.close_()
  const ended = game.close()
  is<Equal<typeof ended, void>>()

  game.send('typing', { on: true })
  game.send('how_many', {})
  // @ts-expect-error what only the server sends
  game.send('closed', {})
  // @ts-expect-error a type of another channel
  game.request('numbers', {})
  // @ts-expect-error no such message
  game.on('move_made', () => {})
  game.on('moved.to', moved => is<Equal<typeof moved.y, number>>())
  // @ts-expect-error the server's messages have their type, which a page does not send
  game.send('typing', { type: 'typing', on: true })

  const tried = await attempt(game.move({ from: 'e2', to: 'e4' }))
  if (tried.ok) is<Equal<typeof tried.value.type, 'moved.to'>>()
  else if (tried.error.kind === 'fault') {
    if (tried.error.code === 'game.not_your_turn') is<Equal<typeof tried.error.details, { turn: 'red' | 'white'; big: bigint }>>()
    else if (tried.error.code === 'internal') is<Equal<typeof tried.error.details, { id: string }>>()
    // @ts-expect-error no handler has this code
    else if (tried.error.code === 'game.full') {}
  }
  const asked = await attempt(game.howMany())
  // A plain `Fault` may have any code.
  if (!asked.ok && asked.error.kind === 'fault' && asked.error.code === 'game.full') is<Equal<typeof asked.error.details, unknown>>()
  const sent = await attempt(game.typing({ on: true }))
  // @ts-expect-error a code of another handler
  if (!sent.ok && sent.error.kind === 'fault' && sent.error.code === 'game.over') {}
  is<Equal<FaultsOf<GameProtocol, 'typing'>, never>>()

  corpus.on('options', ({ value }) => {
    is<Equal<typeof value.maybe, number | null>>()
    is<Equal<typeof value.skipped, string | undefined>>()
    // @ts-expect-error it may be missing
    value.list.length
  })
  // @ts-expect-error another field of `Option` is not a text
  corpus.options({ value: { maybe: 'one' } })
  // @ts-expect-error only the server writes this key
  corpus.keys({ value: { firstName: 1, 'last-name': 2, in: 3, new: 4, 'it\'s "odd"\n': 5, '1st': 6, type: 7, written: 1 } })
  // @ts-expect-error an alias is not offered
  corpus.keys({ value: { firstName: 1, 'last-name': 2, in: 3, old: 4, 'it\'s "odd"\n': 5, '1st': 6, type: 7 } })
  // @ts-expect-error no such variant
  corpus.external({ value: 'Never' })
  // @ts-expect-error the content of another variant
  corpus.external({ value: { Newtype: [1, 'a'] } })
  // @ts-expect-error a variant whose content is missing
  corpus.adjacent({ value: { t: 'Newtype' } })
  // @ts-expect-error a variant with the fields of another
  corpus.internal({ value: { kind: 'struct', x: 1 } })
  // @ts-expect-error no such color
  corpus.color({ value: 'green' })
  // @ts-expect-error two of three
  corpus.lists({ value: { list: [], maybe: [], set: [], three: [1, 2], nine: [], tuple: [1, 'a'], nested: [] } })
  // @ts-expect-error no `bigint`
  corpus.wide({ value: { big_u: 1, big_i: 1n } })
  // @ts-expect-error a recursive type is checked at each depth
  corpus.tree({ value: { big: 1n, children: [{ big: 1n, children: [{ big: 2n }] }] } })
  // @ts-expect-error a flattened struct's field is missing
  corpus.outer({ value: { own: 1, x: 1, kind: 'unit' } })
  // @ts-expect-error a page of texts is none of items
  corpus.items({ value: { items: ['a'] } })
  // @ts-expect-error an answer of another handler
  const wrong: Promise<number> = game.move({ from: 'e2', to: 'e4' })

  corpus.on('maps', ({ value }) => {
    is<Equal<typeof value.numbers[7], 'red' | 'blue'>>()
    const first: 'red' | 'blue' | undefined = value.numbers[7]
    const red: number | undefined = value.colors.red
    const wide: number | undefined = value.wide['7']
    // @ts-expect-error no number
    value.numbers['e4']
    // @ts-expect-error no color
    value.colors.green
    return [first, red, wide]
  })
  return wrong
}

/** A message that is added to `sends(..)` is an error here. */
export function exhaustive(message: Hears<GameProtocol>): unknown {
  switch (message.type) {
    case 'moved.to': return message.by
    case 'typing': return message.on
    case 'closed': return message.type
    case 'whole': return message.x
    default: return message satisfies never
  }
}

/** A tagged union narrows. */
export function narrow({ value }: CorpusProtocol['hears']['internal']): number {
  switch (value.kind) {
    case 'unit': return 0
    case 'struct': return value.lineWidth
    case 'newtype': return value.x
    case 'map': return Object.keys(value).length
    default: return value satisfies never
  }
}

is<Equal<RpcProtocol['says']['subtract']['minuend'], number>>()
is<Equal<RpcProtocol['answers'], { subtract: number }>>()
is<Equal<keyof NotesProtocol['says'], never>>()

/** A channel with a history, a snapshot and a message that may be said again. */
export async function missed(position: string) {
  const auction = new Auction({ lot: 7, bidder: 1 }, { at: position }).open()
  // @ts-expect-error a position is a text
  new Auction({ lot: 7, bidder: 1 }, { at: 812 })
  auction.on('$joined', joined => {
    is<Equal<typeof joined.resumed, number | undefined>>()
    if (joined.fresh === 'expired') is<Equal<typeof joined.room, string | undefined>>()
    // @ts-expect-error there is no such reason
    if (joined.fresh === 'late') {}
    // @ts-expect-error a client keeps its position by itself
    joined.at
  })
  auction.on('lot', lot => is<Equal<typeof lot.bids, number[]>>())
  // @ts-expect-error a snapshot has no field but those of its message
  auction.on('lot', lot => lot.leader)
  // @ts-expect-error a snapshot is the server's
  auction.send('lot', { bids: [] })
  const count = await auction.bid({ amount: 9 })
  is<Equal<typeof count, number>>()
  // @ts-expect-error the client gives a message its `$id`
  auction.bid({ amount: 9, $id: 'a' })
  const tried = await attempt(auction.bid({ amount: 9 }))
  if (!tried.ok && tried.error.kind === 'fault' && tried.error.code === 'auction.too_low') is<Equal<typeof tried.error.details, { least: number }>>()
}

/** A channel that is told who is present. */
export function watches() {
  const watch = new Watch({ room: 'a' }).open()
  for (const [user, seen] of watch.present) {
    is<Equal<typeof user, string>>()
    for (const { id, points, seat } of seen) {
      is<Equal<typeof id, string>>()
      is<Equal<(typeof points)[number]['x'], number>>()
      if (seat === 'red') is<Equal<typeof seat, 'red'>>()
      // @ts-expect-error nobody sits there
      if (seat === 'blue') {}
    }
  }
  watch.on('$presence', ({ count, here }) => {
    is<Equal<typeof count, number>>()
    // @ts-expect-error all that is seen has fields of its own
    here?.['ann']?.[0]?.cursor
  })
  is<Equal<typeof watch.present.isWhole, boolean>>()
  // @ts-expect-error who is present is told by the server
  watch.present.set('ann', [])
  // @ts-expect-error the map has its name
  watch.present()
  // @ts-expect-error of another channel it is not told
  new Auction({ lot: 7, bidder: 1 }).present
}
