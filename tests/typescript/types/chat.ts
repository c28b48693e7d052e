// What is made for the example `chat`, by hand, with a fault, an answer and a question more than it has.

import { bigints, Channel, segment, whoIsPresent, type Answer, type Call, type Options, type Protocol } from '../../../channel-runtime/src/contract/typescript/core.ts'

export interface ChatMessage { message: string }
/** The first message to everyone who connects. */
export interface System { type: 'system'; message: string; user_id: string; count: number; timestamp: string }
export interface UserJoined { type: 'user_joined'; message: string; count: number }
export interface UserLeft { type: 'user_left'; message: string; count: number }
export interface ChatLine { type: 'chat_message'; message: string; user_id: string; timestamp: string }
export interface UserTyping { type: 'user_typing'; user_id: string; timestamp: string }
export interface UserStoppedTyping { type: 'user_stopped_typing'; user_id: string; timestamp: string }
export interface Pong { type: 'pong'; timestamp: string }
export interface Confirm { type: 'confirm'; question: string }
export interface Confirmed { yes: boolean }
/** What is seen of a connection. */
export interface Seen { name: string; hidden: boolean }

export interface ChatProtocol extends Protocol {
  says: { chat_message: ChatMessage; typing_start: {}; typing_stop: {}; ping: {}; count: {} }
  hears: {
    system: System
    user_joined: UserJoined
    user_left: UserLeft
    chat_message: ChatLine
    user_typing: UserTyping
    user_stopped_typing: UserStoppedTyping
    pong: Pong
    confirm: Confirm
  }
  answers: { ping: Pong; count: bigint }
  faults: { chat_message: { 'chat.closed': { until: string }; 'chat.muted': undefined }; count: { '*': unknown } }
  asks: { confirm: Confirmed }
  seen: Seen
}

/** `/chat/:room_id` */
export class Chat extends Channel<ChatProtocol> {
  static override readonly fingerprint = '0123456789abcdef'
  static override readonly rates = { chat_message: [20, 1, 20] }
  static override readonly timeouts = { count: 500 }
  static override readonly bigints = bigints({ '=count': ['data'] })
  readonly present = whoIsPresent<Seen>(this)
  constructor(params: { room_id: string }, options?: Options<ChatProtocol>) { super(`/chat/${segment(params.room_id)}`, options) }
  chatMessage(message: ChatMessage, call?: Call): Answer<ChatProtocol, 'chat_message'> { return this.request('chat_message', message, call) }
  typingStart(call?: Call): Answer<ChatProtocol, 'typing_start'> { return this.request('typing_start', {}, call) }
  typingStop(call?: Call): Answer<ChatProtocol, 'typing_stop'> { return this.request('typing_stop', {}, call) }
  /** What a handler returns goes to whoever asked. */
  ping(call?: Call): Answer<ChatProtocol, 'ping'> { return this.request('ping', {}, call) }
  count(call?: Call): Answer<ChatProtocol, 'count'> { return this.request('count', {}, call) }
}

/** A channel without parameters. */
export class Lobby extends Channel<ChatProtocol> {
  constructor(options?: Options<ChatProtocol>) { super('/lobby', options) }
}

/** A channel that needs something in its query. */
export class Keyed extends Channel<ChatProtocol> {
  constructor(params: { id: number }, options: Options<ChatProtocol> & { query: { key: string } }) { super(`/keyed/${segment(params.id)}`, options) }
}
