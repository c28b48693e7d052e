// What the compiler must say: each line below an `@ts-expect-error` is a mistake.

/// <reference lib="esnext.disposable" />
import { attempt, Fault, type Answerer, type Handlers, type Hears, type Status } from '../../../channel-runtime/src/contract/typescript/core.ts'
import { useAnswer, useChannel, useMessage, usePresent, useRoomState, useStatus } from '../../../channel-runtime/src/contract/typescript/react.ts'
import { Chat, Lobby, Keyed, type ChatProtocol, type Pong } from './chat.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
const is = <T extends true>(_?: T) => {}

export async function mistakes(): Promise<unknown> {
  const chat = new Chat({ room_id: 'lounge' }, { greet: say => say('typing_start', {}) }).open()
  new Chat({ room_id: '' }, { WebSocket, token: async why => why === 'first' ? 'saved' : null, hidden: 'wait', retry: { base: 10 } })
  // @ts-expect-error a parameter that is missing
  new Chat({})
  // @ts-expect-error a parameter of another type
  new Chat({ room_id: 7 })
  // @ts-expect-error what only the server sends
  new Chat({ room_id: '' }, { greet: say => say('system', {}) })
  // @ts-expect-error another reason than there is
  new Chat({ room_id: '' }, { token: why => why === 'never' ? null : 't' })

  const pong = await chat.ping()
  is<Equal<typeof pong, Pong>>()
  const nothing = await chat.chatMessage({ message: 'hi' })
  is<Equal<typeof nothing, void>>()
  const asked = await chat.request('count', {}, { timeout: 100 })
  is<Equal<typeof asked, bigint>>()
  // @ts-expect-error a field that is missing
  chat.chatMessage({})
  // @ts-expect-error a field too many
  chat.chatMessage({ message: 'hi', by: 'me' })
  // @ts-expect-error no such message
  chat.request('chat_mesage', { message: 'hi' })
  is<Equal<ReturnType<typeof chat.send>, boolean>>()
  chat.send('chat_message', { message: 'hi' })
  // @ts-expect-error what only the server sends
  chat.send('system', { message: '', user_id: '', count: 1, timestamp: '' })
  // @ts-expect-error an envelope where the type is asked for
  chat.send({ type: 'typing_start' })

  const off = chat.on('user_joined', m => is<Equal<typeof m.count, number>>())
  is<Equal<typeof off, () => void>>()
  // @ts-expect-error no such message
  chat.on('user_joind', () => {})
  chat.on('$status', s => { if (s.state === 'waiting') is<Equal<typeof s.until, number>>() })
  chat.on('$joined', j => is<Equal<typeof j.fresh, boolean | 'first' | 'expired' | 'replaced' | 'too_far'>>())
  chat.on('$outdated', o => is<Equal<typeof o.how, 'compatible' | 'breaks' | 'unknown'>>())
  chat.on('$message', m => is<Equal<typeof m, Hears<ChatProtocol>>>())
  chat.on('error', f => is<Equal<typeof f.code, string>>())
  // @ts-expect-error a status that there is not
  chat.on('$status', s => s.state === 'opened')

  const declines = chat.answer('confirm', async ({ question }) => {
    is<Equal<typeof question, string>>()
    return { yes: question !== '' }
  })
  is<Equal<typeof declines, () => void>>()
  is<Equal<ReturnType<Answerer<ChatProtocol, 'confirm'>>, { yes: boolean } | Promise<{ yes: boolean }>>>()
  // @ts-expect-error a wrong answer
  chat.answer('confirm', () => ({ yes: 'yes' }))
  // @ts-expect-error a wrong answer, later
  chat.answer('confirm', async () => ({ yes: 1 }))
  // @ts-expect-error an answer that is missing
  chat.answer('confirm', () => {})
  // @ts-expect-error a field of the answer that is missing
  chat.answer('confirm', () => ({}))
  // @ts-expect-error no such question
  chat.answer('comfirm', () => ({ yes: true }))
  // @ts-expect-error a message that is no question
  chat.answer('pong', () => ({ yes: true }))
  // @ts-expect-error a field that the question has not
  chat.answer('confirm', ({ text }) => ({ yes: text !== '' }))

  for (const [user, [seen]] of chat.present) {
    is<Equal<typeof user, string>>()
    if (seen) is<Equal<[typeof seen.id, typeof seen.name, typeof seen.hidden], [string, string, boolean]>>()
    // @ts-expect-error a field that is not seen
    seen?.mood
  }
  // @ts-expect-error who is not told who is present
  new Lobby().present

  chat.handle({ pong: m => is<Equal<typeof m, Pong>>() })
  // @ts-expect-error one is forgotten
  chat.handle({ pong() {}, system() {} } satisfies Handlers<ChatProtocol>)

  for await (const m of chat.messages('user_joined', 'chat_message')) {
    if (m.type === 'chat_message') is<Equal<typeof m.user_id, string>>()
    else is<Equal<typeof m.type, 'user_joined'>>()
  }

  const said = await attempt(chat.chatMessage({ message: '' }))
  if (said.ok) is<Equal<typeof said.value, void>>()
  else if (said.error.kind === 'fault') {
    if (said.error.code === 'chat.closed') is<Equal<typeof said.error.details, { until: string }>>()
    else if (said.error.code === 'internal') is<Equal<typeof said.error.details, { id: string }>>()
    // @ts-expect-error no such code
    else if (said.error.code === 'chat.full') {}
  } else is<Equal<typeof said.error.kind, 'lost' | 'unsent' | 'timeout' | 'closed' | 'moved'>>()
  const pinged = await attempt(chat.ping())
  // @ts-expect-error a code of another handler
  if (!pinged.ok && pinged.error.kind === 'fault' && pinged.error.code === 'chat.closed') return pinged
  const counted = await attempt(chat.count())
  // A handler whose codes are not known may answer with any.
  if (!counted.ok && counted.error.kind === 'fault' && counted.error.code === 'whatever') is<Equal<typeof counted.error.details, unknown>>()
  {
    using other = new Lobby().open()
    is<Equal<typeof other.status, Status>>()
  }
  return said
}

/** All that it receives, each once: a message that is added to the server's `sends(..)` is an error here. */
export function exhaustive(m: Hears<ChatProtocol>): string {
  switch (m.type) {
    case 'system': case 'user_joined': case 'user_left': case 'chat_message': return m.message
    case 'user_typing': case 'user_stopped_typing': return m.user_id
    case 'pong': return m.timestamp
    case 'confirm': return m.question
    default: return m satisfies never
  }
}
export const fault: Fault = new Fault('chat.closed', '', undefined)

export function hooks(): unknown {
  const chat = useChannel(Chat, { room_id: 'a' }, { query: { a: 'b' } })
  is<Equal<typeof chat, Chat>>()
  const lobby = useChannel(Lobby)
  is<Equal<typeof lobby, Lobby>>()
  // @ts-expect-error a parameter that is missing
  useChannel(Chat, {})
  // @ts-expect-error parameters that are missing
  useChannel(Chat)
  // @ts-expect-error an option that there is not
  useChannel(Chat, { room_id: 'a' }, { hiden: 'slow' })
  useChannel(Keyed, { id: 1 }, { query: { key: 'k' } })
  // @ts-expect-error a query that it needs
  useChannel(Keyed, { id: 1 })
  useMessage(chat, 'pong', m => is<Equal<typeof m, Pong>>())
  // @ts-expect-error no such message
  useMessage(chat, 'pung', () => {})
  is<Equal<ReturnType<typeof useStatus>, Status>>()
  const lines = useRoomState(chat, [] as string[], (lines, m) => m.type === '$joined' ? m.fresh ? [] : lines : m.type === 'chat_message' ? [...lines, m.message] : lines)
  is<Equal<typeof lines, string[]>>()
  useAnswer(chat, 'confirm', ({ question }) => ({ yes: question !== '' }))
  // @ts-expect-error a wrong answer
  useAnswer(chat, 'confirm', () => ({ yes: 'yes' }))
  // @ts-expect-error an answer that is missing
  useAnswer(chat, 'confirm', () => {})
  // @ts-expect-error no such question
  useAnswer(chat, 'comfirm', () => ({ yes: true }))
  for (const [, [seen]] of usePresent(chat)) {
    if (seen) is<Equal<typeof seen.hidden, boolean>>()
    // @ts-expect-error a field that is not seen
    seen?.mood
  }
  // @ts-expect-error who is not told who is present
  usePresent(lobby)
  // @ts-expect-error another state
  useRoomState(chat, [] as string[], () => 7)
  return [chat, lobby, lines]
}

// Maps, as they are printed.
declare const board: { [key: number]: 'man' | 'king' }
declare const seats: { [K in 'red' | 'white']?: string }
is<Equal<(typeof board)['7'], 'man' | 'king'>>()
export const seven: 'man' | 'king' | undefined = board[7]
export const red: string | undefined = seats.red
// @ts-expect-error no number
board['e4']
