// Made from Rust by channel-runtime: change the Rust. fingerprint be783fee2f54196a contents edfdba999409dc5c
// The core of a generated client: one WebSocket that reconnects by itself, requests with answers, listeners. No dependencies, and
// erasable TypeScript alone, so that Node, Deno and Bun run it unchanged.

declare global {
  // As TypeScript's own library has it, for programs whose `lib` is older.
  interface SymbolConstructor { readonly dispose: unique symbol }
}

/** What a channel is, as types alone: nothing of it exists at run time. */
export interface Protocol {
  /** What clients send: payloads by `type`. */
  says: object
  /** What clients receive: messages by `type`, which each message contains. */
  hears: object
  /** What answers a request, by the request's `type`. A type that is absent is answered by nothing: `void`. */
  answers: object
  /** By the request's `type`: the details of the faults of its handler by their codes. `'*'`: other codes, too. */
  faults: object
  /** What a client answers to questions of the server, by the question's `type`. */
  asks?: object
  /** What is seen of a connection of somebody who is present. */
  seen?: object
}

type Key<T> = keyof T & string
type Asks<P extends Protocol> = NonNullable<P['asks']>
type FaultOf<T> = { [K in Key<T>]: Fault<K extends '*' ? string : K, T[K]> }[Key<T>]
export type AnswerTo<P extends Protocol, K> = K extends keyof P['answers'] ? P['answers'][K] : void
export type FaultsOf<P extends Protocol, K> = K extends keyof P['faults'] ? FaultOf<P['faults'][K]> : never
/** All messages that a client receives, as a union by `type`. */
export type Hears<P extends Protocol> = P['hears'][keyof P['hears']]
/** Of all messages but the server's questions, which `answer` is for: those are heard only where they are sent without being asked. */
export type Handlers<P extends Protocol> = { [K in Exclude<Key<P['hears']>, Key<Asks<P>>>]: (message: P['hears'][K]) => void }
  & { [K in Key<P['hears']> & Key<Asks<P>>]?: (message: P['hears'][K]) => void }
declare const faults: unique symbol
/** The promise of an answer to a request of the type `K`. It rejects with a `Fault` or with `NoAnswer`, typed for `attempt`. */
export type Answer<P extends Protocol, K extends Key<P['says']>> = Promise<AnswerTo<P, K>> & { readonly [faults]?: [FaultsOf<P, K>] }

/** Details of the framework's own faults, with which any request may be answered. */
export interface OwnFaults {
  malformed: { line: number; column: number } | undefined
  unknown_type: undefined
  invalid_payload: { path?: string; line?: number; column?: number } | undefined
  validation: { fields: { path: string; message: string }[] } | undefined
  rate_limited: { retry_after_ms: number } | undefined
  unauthorized: undefined
  forbidden: undefined
  not_found: undefined
  refused: { status: number } | undefined
  unavailable: { retry_after_ms: number } | undefined
  timeout: { id: string } | undefined
  internal: { id: string }
}

/** The server's answer that it did not do it; `malformed`, `overflow` and `unsafe_integer` are also made here. */
export class Fault<C extends string = string, D = unknown> extends Error {
  override readonly name = 'Fault'
  readonly kind = 'fault'
  declare readonly code: C
  declare readonly details: D
  constructor(code: C, message: string, details?: D) {
    super(message)
    this.code = code
    this.details = details as D
  }
}

/** Why there is no answer. Only after `lost` and `timeout` it may have been done; `moved` was for the room before, and was not sent. */
export type NoAnswerKind = 'lost' | 'unsent' | 'timeout' | 'closed' | 'moved'
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  declare readonly kind: NoAnswerKind
  constructor(kind: NoAnswerKind, message: string) {
    super(message)
    this.kind = kind
  }
}

export type Outcome<T, F> = { ok: true; value: T } | { ok: false; error: F | FaultOf<OwnFaults> | NoAnswer }

/** The answer, or why there is none, without a `try`. What is neither, such as an abort's reason, is thrown. */
export async function attempt<T, F = never>(answer: Promise<T> & { readonly [faults]?: [F] }): Promise<Outcome<T, F>> {
  try {
    return { ok: true, value: await answer }
  } catch (error) {
    if (error instanceof Fault || error instanceof NoAnswer) return { ok: false, error: error as F | NoAnswer }
    throw error
  }
}

/** How a connection ended: the Close, or 1006 for a connection that was lost, and the fault that the server sent before it. */
export interface Ended { readonly code: number; readonly reason: string; readonly fault?: Fault | undefined }

export type Status =
  /** Not opened yet, or closed by the server because nothing was sent: the next request connects. */
  | { readonly state: 'idle' }
  | { readonly state: 'connecting'; readonly attempt: number }
  | { readonly state: 'open' }
  /** `until`: when it tries again, in ms since 1970. `Infinity`: when the page is shown. */
  | { readonly state: 'waiting'; readonly attempt: number; readonly until: number; readonly why: 'lost' | 'offline' | 'hidden'; readonly last: Ended }
  /** For good, until `open()`. */
  | { readonly state: 'closed'; readonly by: 'us' | 'server'; readonly last?: Ended }

/** The client is in its room, or in a declared one that has a history. */
export interface Joined {
  readonly type: '$joined'
  /** The connection's id; empty if the server sends none. */
  readonly id: string
  /** Of a declared room. */
  readonly room: string | undefined
  /** False if the room goes on where the client left it. Otherwise what was received before is out of date: why, or true without a history. */
  readonly fresh: boolean | 'first' | 'expired' | 'replaced' | 'too_far'
  /** How many messages were sent meanwhile, which follow. */
  readonly resumed: number | undefined
  /** The client is not of the server's version: whether it still works. */
  readonly outdated: 'compatible' | 'breaks' | 'unknown' | undefined
}

export interface OwnEvents<P extends Protocol = Protocol> {
  $status: Status
  $joined: Joined
  /** The client is not of the server's version. If it is not `compatible`, the page should be reloaded. */
  $outdated: { compatible: boolean; how: 'compatible' | 'breaks' | 'unknown' }
  $binary: Uint8Array
  /** Who is present has changed, and `present` with it. */
  $presence: PresenceTold<NonNullable<P['seen']>>
  /** Each message, before the listeners of its type. */
  $message: Hears<P>
  /** A message to which nobody listens; a newer server sends such. */
  $unheard: { type: string }
  /** The server moves the client to another room of its channel, whose path this is. What was asked before has failed. */
  $moved: string
  /** A fault that answers no request. */
  error: Fault
}

/** All who are present are `here`; or who has come, or is seen otherwise, is `in`, and who has gone is `out`, by user. */
export interface PresenceTold<S> {
  /** How many users are present. With nothing else, the number alone is told. */
  readonly count: number
  readonly here?: { readonly [user: string]: readonly (S & { readonly id: string })[] }
  readonly in?: { readonly [user: string]: readonly (S & { readonly id: string })[] }
  readonly out?: { readonly [user: string]: readonly string[] }
}
/** By user: what is seen of each of the user's connections. An `id` stays when the user comes back after a loss. */
export interface WhoIsPresent<S> extends ReadonlyMap<string, readonly (S & { readonly id: string })[]> {
  /** How many users are present. */
  readonly count: number
  /** False if the number alone is known: in a large room, and before the client is in its room for the first time. */
  readonly isWhole: boolean
}

export interface Call {
  /** In ms from the call, the wait for a connection included. Default: 10 s, or 2 s more than the handler's own. */
  timeout?: number
  signal?: AbortSignal
}
export interface Listening { once?: boolean; signal?: AbortSignal }

export type Token = string | null | ((why: 'first' | 'expiring' | 'refused') => string | null | Promise<string | null>)
export interface Options<P extends Protocol = Protocol> {
  /** The server's address, which may contain a path below which it is mounted. Default: the page's host. */
  url?: string | URL
  /** A function is called for the first connection, and again only if its token expires or is refused; `null` then ends it. */
  token?: Token
  query?: Record<string, string>
  /** The position that a page came with: what was sent to the room since then follows. */
  at?: string
  /** Sends first on each new connection, before what waits. */
  greet?: (say: <K extends Key<P['says']>>(type: K, payload: P['says'][K]) => void) => void
  /** A hidden page that lost its connection tries again every one to two minutes (`slow`), when shown (`wait`), or as any other. */
  hidden?: 'slow' | 'wait' | 'same'
  retry?: Partial<typeof RETRY>
  WebSocket?: WebSocketClass
}
export type WebSocketClass = new (url: string, protocols: string[]) => Socket
interface Socket {
  binaryType: string
  onopen: unknown
  onmessage: unknown
  onclose: unknown
  onerror: unknown
  send(data: any): void
  close(code?: number, reason?: string): void
}

/** A function that answers a question of the type `K`, now or later. What it throws declines it: a `Fault` of yours with its code. */
export type Answerer<P extends Protocol, K extends Key<Asks<P>>> =
  (question: K extends keyof P['hears'] ? P['hears'][K] : never) => Asks<P>[K] | Promise<Asks<P>[K]>

/** In ms; `queue`: how many requests may wait. */
const RETRY = { base: 1000, cap: 20_000, connect: 15_000, uptime: 5000, silence: 25_000, probe: 10_000, queue: 256 }

type Json = Record<string, any>
type Listener = (message: any) => void
type Timer = 'next' | 'connect' | 'enter' | 'uptime' | 'watch' | 'pace'

const lost = () => new NoAnswer('lost', 'the connection was lost')
const later = (act: () => void, ms: number) => setTimeout(act, Math.min(ms, 2e9)) // longer ones fire at once

// One listener a signal, however many requests have it: Node warns of more than ten.
const aborts = new WeakMap<object, Set<() => void>>()
const abort = ({ target }: Event) => { for (const act of [...aborts.get(target!)!]) act() }
function whenAborted(signal: AbortSignal | undefined, act: () => void): () => void {
  if (!signal) return () => {}
  const all = aborts.get(signal) ?? new Set()
  aborts.set(signal, all.add(act))
  signal.addEventListener('abort', abort)
  return () => { if (all.delete(act) && !all.size) signal.removeEventListener('abort', abort) }
}

/** A path's parameter as its segment. What a URL can't carry is an error here, and no connection to elsewhere. */
export function segment(value: string | number | bigint | boolean): string {
  const text = String(value)
  if (/^\.{0,2}$/.test(text)) throw new RangeError(`a path's parameter can't be '${text}'`)
  return encodeURIComponent(text)
}

const write = (message: object): string => JSON.stringify(message, (_, value) => {
  if (typeof value !== 'bigint') return value
  const raw = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON
  if (raw) return raw(`${value}`)
  if (BigInt(Number(value)) === value) return Number(value)
  throw new RangeError(`can't write ${value}`)
})

/** Integers that lose digits as a double, as their text has them, by the objects that they stand in and their keys. */
type Exact = Map<object, Map<string, string | undefined>>

/**
 * Makes `bigint`s of the integers at the paths: by the type of the message, or, in `data` of an answer, by the request's type behind
 * `=`. A path's parts are keys, whose `.`, `*` and `%` are percent-encoded, `*` for any and `**` for any depth.
 */
export function bigints(paths: Record<string, readonly string[]>): (message: object, name: string, exact: Exact) => void {
  const all = new Map(Object.entries(paths))
  return (message, name, exact) => {
    const visit = (at: any, [key, ...rest]: string[]): void => {
      if (key === undefined || typeof at !== 'object' || !at) return
      if (key === '**') visit(at, rest)
      for (const each of key[0] === '*' ? Object.keys(at) : [decodeURIComponent(key)]) {
        if (key === '**') visit(at[each], [key, ...rest])
        else if (rest.length) visit(at[each], rest)
        else if (Number.isInteger(at[each])) {
          const lost = exact.get(at)
          at[each] = BigInt(lost?.get(each) ?? at[each])
          if (lost?.get(each)) lost.delete(each)
        }
      }
    }
    for (const path of all.get(name) ?? []) visit(message, path.split('.'))
  }
}

/** How a connection that ended so goes on. */
function verdict(code: number, fault: Fault | undefined): 'final' | 'token' | 'idle' | 'soon' | 'slow' {
  if (code === 4401) return 'token'
  if (code === 4490) return 'idle'
  if ([4408, 4425, 4429].includes(code)) return 'slow'
  if (code === 1000 || code >= 3000) return 'final'
  if (code === 1008) return fault && fault.code !== 'rate_limited' ? 'final' : 'slow'
  return [1001, 1005, 1006, 1012].includes(code) ? 'soon' : 'slow'
}

interface Pending {
  type: string
  frame: string
  sent: boolean
  /** Sent again if its connection is lost. */
  again: boolean
  settle: (error?: unknown, value?: unknown) => void
}
/** What the server's rate of one type has left: `out` are sent and not answered, `level` is spent, and is less each ms. */
interface Spent { rate: readonly number[]; out: number; level: number; at: number }

/** Where the client is in a room's history: `seq` was handled last, or is where a fresh one begins, whose first messages may be older. */
interface Position { at: string; seq: number; had: number }

/** A time of the server's in ms; 0 if it is none. */
const time = (told: unknown): number => Math.max(0, told as number) || 0

export class Channel<P extends Protocol> {
  // The generated class sets these.
  /** Of the channel's wire: 16 hex digits. */
  static readonly fingerprint: string = ''
  /** Types that have a rate: `[count, seconds, burst]`. */
  static readonly rates: Record<string, readonly number[]> = {}
  /** Types whose handler has a timeout, in ms. */
  static readonly timeouts: Record<string, number> = {}
  /** Types that the server handles once, however often a message is sent. */
  static readonly idempotent: Record<string, boolean> = {}
  /** If messages contain `bigint`s. */
  static readonly bigints: ReturnType<typeof bigints> | undefined = undefined

  #made = this.constructor as typeof Channel
  #path: string
  #options: Options<P>
  #retry: typeof RETRY
  #url = ''
  #status: Status = { state: 'idle' }
  #listeners = new Map<string, Set<Listener>>()
  #answers = new Map<string, (question: any) => unknown>()
  #pending = new Map<number, Pending>()
  /** Requests that were given to no socket yet. */
  #queue = new Set<Pending>()
  // Not looked up in the objects themselves, where a type called `constructor` is found always.
  #timeouts = new Map(Object.entries(this.#made.timeouts))
  #spent = new Map(Object.entries(this.#made.rates).map(([type, rate]): [string, Spent] => [type, { rate, out: 0, level: 0, at: 0 }]))
  #ref = 0
  /** Makes the `$id`s different from those of the user's other clients. */
  #own = ''
  /** Whether the server recognizes a message that is sent again. */
  #recognizes = false
  /** By room, the path's own as `''`, in the order in which they were joined. */
  #positions = new Map<string, Position>()
  #most = Infinity
  #socket: Socket | undefined
  #attempt = 0
  #hasOpened = false
  #fault: Fault | undefined
  /** The `$closing` of this connection, if there was one. */
  #closing: Json = {}
  /** Not tried before, whatever the page does: the server said so. */
  #notBefore = 0
  #token: string | null | undefined
  #expires = Infinity
  #asking: Promise<unknown> | undefined
  /** How the server refused the last token. */
  #refused: Ended | undefined
  #heard = 0
  #timers: Partial<Record<Timer, ReturnType<typeof setTimeout>>> = {}
  /** Between `open()` and the end. */
  #isOpen = false

  constructor(path: string, options: Options<P> = {}) {
    this.#path = path
    this.#options = options
    this.#retry = { ...RETRY, ...options.retry }
    const [at = '', seq] = options.at?.split(':') ?? []
    if (seq) this.#positions.set('', { at, seq: +seq, had: +seq })
  }

  get status(): Status { return this.#status }

  /** Connects, and reconnects until it is closed. While it waits for the next try, that is now. */
  open(): this {
    if (this.#isOpen) this.#wake()
    else {
      this.#aim()
      this.#attempt = 0
      this.#refused = undefined
      this.#isOpen = true
      this.#bind('addEventListener')
      this.#dial()
    }
    return this
  }

  #aim(): void {
    const url = new URL(this.#options.url ?? globalThis.location?.href)
    url.protocol = url.protocol.replace('http', 'ws')
    url.pathname = (this.#options.url ? url.pathname.replace(/\/$/, '') : '') + this.#path
    url.search = `${new URLSearchParams(this.#options.query)}`
    url.hash = ''
    this.#url = url.href
  }

  /** For good, until it is opened again. Requests without an answer are rejected. */
  close(reason = ''): void {
    this.#drop(reason.slice(0, 41)) // at most 123 bytes
    this.#end('us')
  }

  [Symbol.dispose](): void { this.close() }

  /** Calls for each message of this type; what it returns ends that. */
  on<K extends Key<P['hears']>>(type: K, listener: (message: P['hears'][K]) => void, options?: Listening): () => void
  on<K extends keyof OwnEvents>(type: K, listener: (event: OwnEvents<P>[K]) => void, options?: Listening): () => void
  on(type: string, listener: Listener, { once, signal }: Listening = {}): () => void {
    if (signal?.aborted) return () => {}
    const call: Listener = message => {
      if (once) off()
      listener(message)
    }
    const all = this.#listeners.get(type) ?? new Set()
    const off = () => {
      unwatch()
      if (all.delete(call) && !all.size) this.#listeners.delete(type)
    }
    const unwatch = whenAborted(signal, off)
    this.#listeners.set(type, all.add(call))
    return off
  }

  /**
   * Answers the server's questions of this type, one function at a time; what it returns ends that. A question that nothing answers is
   * declined at once, and an answer that is made after its connection has ended is not sent.
   */
  answer<K extends Key<Asks<P>>>(type: K, answer: Answerer<P, K>): () => void {
    this.#answers.set(type, answer)
    return () => { if (this.#answers.get(type) === answer) this.#answers.delete(type) }
  }

  async #reply(question: Json): Promise<void> {
    const socket = this.#socket
    const { type, $ask } = question
    const decline = ({ code, message, details }: Fault) => write({ type: 'error', $ask, code, message, details })
    let frame: string
    try {
      const answer = this.#answers.get(type)
      if (!answer) throw new Fault('unknown_type', `nothing answers ${type}`)
      frame = write({ type: 'success', $ask, data: await answer(question) })
    } catch (error) {
      frame = decline(error instanceof Fault ? error : new Fault('internal', 'no answer'))
      if (!(error instanceof Fault)) queueMicrotask(() => { throw error })
    }
    const tooLong = this.#tooLong(frame)
    if (tooLong) frame = decline(new Fault('too_long', tooLong.message))
    if (socket && this.#socket === socket) socket.send(frame)
  }

  /** Several at once; with `satisfies Handlers<..>` none can be forgotten. */
  handle(handlers: Partial<Handlers<P>>, options?: Listening): () => void {
    const offs = Object.entries(handlers).map(([type, listener]) => this.on(type as never, listener as never, options))
    return () => offs.forEach(off => off())
  }

  /** The messages of these types from now on, over all connections. Ends when the channel is closed; 1024 may wait to be read. */
  messages<K extends Key<P['hears']>>(...types: K[]): AsyncGenerator<P['hears'][K], void, void> {
    const waiting: P['hears'][K][] = []
    let ended = false as Fault | boolean
    let wake = () => {}
    const end = (why: Fault | boolean) => {
      ended ||= why
      offs.forEach(off => off())
      wake()
    }
    const offs = types.map(type => this.on(type, message => {
      if (waiting.push(message) === 1024) end(new Fault('overflow', 'too many messages wait'))
      wake()
    }))
    offs.push(this.on('$status', ({ state }) => { if (state === 'closed') end(true) }))
    if (this.#status.state === 'closed') end(true)
    return (async function* () {
      try {
        for (;;) {
          while (waiting.length) yield waiting.shift()!
          if (ended instanceof Fault) throw ended
          if (ended) return
          await new Promise<void>(resolve => { wake = resolve })
        }
      } finally {
        end(true)
      }
    })()
  }

  /** Sends now or not at all, and asks for no answer. False: it is not connected, or the type's rate is used up. */
  send<K extends Key<P['says']>>(type: K, payload: P['says'][K]): boolean {
    if (!this.#need()) return false
    const frame = write({ ...payload, type })
    if (this.#tooLong(frame) || this.#spend(type, 0, 1)) return false
    this.#socket!.send(frame)
    return true
  }

  /** Sends a binary message now or not at all. False: it is not connected, or the server takes none so long. */
  sendBinary(bytes: Uint8Array): boolean {
    if (!this.#need() || bytes.length > this.#most) return false
    this.#socket!.send(bytes)
    return true
  }

  /** Sends as soon as there is a connection, and waits for the answer. */
  request<K extends Key<P['says']>>(type: K, payload: P['says'][K], call: Call = {}): Answer<P, K> {
    return this.#request(type, payload as object, call) as Answer<P, K>
  }

  #request(type: string, payload: object, { timeout, signal }: Call, first = false): Promise<any> {
    const answer = new Promise<any>((resolve, reject) => {
      signal?.throwIfAborted()
      if (!this.#isOpen) throw new NoAnswer('closed', 'the channel is closed')
      const ms = timeout ?? (this.#timeouts.get(type) ?? 8000) + 2000
      const ref = ++this.#ref
      const again = Object.hasOwn(this.#made.idempotent, type)
      if (again) this.#own ||= `${crypto.getRandomValues(new Uint32Array(3))}`
      const frame = write({ ...payload, type, ref, ...again && { $id: `${this.#own}-${ref}` } })
      const tooLong = this.#tooLong(frame)
      if (tooLong) throw tooLong
      let size = 0
      for (const each of this.#queue) size += each.frame.length
      if (!first && (this.#queue.size >= this.#retry.queue || size && size + frame.length > 1 << 18)) throw new NoAnswer('unsent', 'too many requests wait')
      const pending: Pending = {
        type,
        frame,
        sent: false,
        again,
        settle: (error, value) => {
          if (!this.#pending.delete(ref)) return
          clearTimeout(timer)
          unwatch()
          error === undefined ? resolve(value) : reject(error)
          if (!this.#queue.delete(pending)) this.#spend(type, -1, 1)
          if (this.#status.state === 'open') this.#flush()
        },
      }
      const timer = later(() => pending.settle(new NoAnswer(pending.sent ? 'timeout' : 'unsent', `none in ${ms} ms`)), ms)
      const unwatch = whenAborted(signal, () => pending.settle(signal!.reason))
      this.#pending.set(ref, pending)
      if (first) this.#say(pending)
      else {
        this.#queue.add(pending)
        if (this.#need()) this.#flush()
      }
    })
    answer.catch(() => {}) // who does not look at it did not want it: no unhandled rejection
    return answer
  }

  /** In the order of the calls: what waits for its type's rate holds up what is behind it. */
  #flush(): void {
    for (const pending of this.#queue) {
      if (!this.#socket) return
      const tooLong = this.#tooLong(pending.frame)
      const wait = tooLong ? 0 : this.#spend(pending.type, 1, 0)
      if (wait) return this.#time('pace', () => this.#flush(), wait)
      tooLong ? pending.settle(tooLong) : this.#say(pending)
    }
  }

  #say(pending: Pending): void {
    this.#queue.delete(pending)
    pending.sent = true
    this.#socket!.send(pending.frame)
  }

  #tooLong(frame: string): NoAnswer | undefined {
    return frame.length * 3 > this.#most && new TextEncoder().encode(frame).length > this.#most
      ? new NoAnswer('unsent', `longer than ${this.#most} bytes`) : undefined
  }

  /**
   * In how many ms one more of this type is within its rate; 0: it is, and was counted. What is sent counts until its answer
   * arrives and from then on, because nobody knows when in between the server counted it.
   */
  #spend(type: string, out: number, level: number): number {
    const spent = this.#spent.get(type)
    if (!spent) return 0
    const [count, seconds, burst] = spent.rate as [number, number, number]
    const each = seconds * 1000 / count
    const now = Date.now()
    spent.level = Math.max(0, spent.level - (now - spent.at) / each)
    spent.at = now
    const over = spent.out + spent.level + 1 - burst
    if (out >= 0 && over > 1e-6) return Math.ceil(over * each)
    spent.out += out
    spent.level += level
    return 0
  }

  // One connection

  async #dial(): Promise<void> {
    this.#clear()
    const { WebSocket = globalThis.WebSocket as unknown as WebSocketClass } = this.#options
    const status: Status = { state: 'connecting', attempt: this.#attempt }
    this.#fault = undefined
    this.#closing = {}
    this.#time('connect', () => this.#lost('no connection'), this.#retry.connect)
    this.#set(status)
    if (this.#status !== status) return
    try {
      if (Date.now() >= this.#expires) this.#token = undefined
      if (this.#token === undefined) await this.#ask(this.#refused ? 'refused' : this.#expires < Infinity ? 'expiring' : 'first')
      if (this.#status !== status) return
      if (this.#token == null && this.#refused) return this.#end('server', this.#refused) // there is no other
      const { fingerprint } = this.#made
      const offers = ['channels.1.json', fingerprint ? `channels.hello.${fingerprint}` : 'channels.hello']
      if (this.#token != null) offers.push(`channels.token.${encodeURIComponent(this.#token).replace(/[()]/g, c => c === '(' ? '%28' : '%29')}`)
      const socket = this.#socket = new WebSocket(this.#address(), offers)
      const mine = <E>(act: (event: E) => void) => (event: E) => { if (this.#socket === socket) act(event) }
      socket.binaryType = 'arraybuffer'
      socket.onopen = mine(() => {
        this.#hasOpened = true
        this.#time('enter', () => this.#enter(), 300) // an old server, which has not said anything
      })
      socket.onmessage = mine((event: MessageEvent) => this.#hear(event.data))
      socket.onclose = mine((event: CloseEvent) => this.#ended(event.code, event.reason))
      socket.onerror = mine(() => this.#lost('')) // Node 22 fires no `close` behind it
    } catch (error) {
      if (this.#status === status) this.#ended(1006, String(error))
    }
  }

  /** With the positions that fit into 2 KiB: that of the path's room, then the newest. */
  #address(): string {
    let query = ''
    for (const [room, { at, seq }] of [...this.#positions].reverse().sort(([a], [b]) => +!b - +!a)) {
      const one = `&$resume=${encodeURIComponent(`${at}:${seq}${room && `@${room}`}`)}`
      if (query.length + one.length <= 2048) query += one
    }
    return this.#url + (this.#url.includes('?') ? query : query.replace('&', '?'))
  }

  /** One call at a time. What it gave is kept. */
  #ask(why: 'first' | 'expiring' | 'refused'): Promise<unknown> {
    const { token = null } = this.#options
    return this.#asking ??= (async () => {
      try {
        this.#token = typeof token === 'function' ? await token(why) : token
        this.#expires = Infinity
      } finally {
        this.#asking = undefined
      }
    })()
  }

  /** It is in its room. A socket that is open is not: a client that is refused by a Close has one, too. */
  #enter(joined: Json = {}): void {
    const socket = this.#socket
    if (!socket) return // a listener of this frame has closed it
    const { type, $room: room = '', id = '', at, seq, resumed, fresh = resumed === undefined, outdated } = joined
    const compatible = outdated === 'compatible'
    if (this.#status.state !== 'open') {
      this.#recognizes = type && (compatible || !outdated)
      this.#clear()
      this.#heard = Date.now()
      this.#time('uptime', () => { this.#attempt = 0; this.#refused = undefined }, this.#retry.uptime)
      this.#watch()
      this.#call(this.#options.greet as Listener | undefined, (type: string, payload: object) => {
        this.#spend(type, 0, 1)
        socket.send(write({ ...payload, type }))
      })
      if (this.#socket !== socket) return
      for (const { again, sent, frame, settle } of [...this.#pending.values()]) {
        if (again && sent) this.#recognizes ? socket.send(frame) : settle(lost())
      }
      this.#flush()
      this.#set({ state: 'open' })
    } else if (!type) return
    if (this.#socket !== socket) return
    const had = !fresh && this.#positions.get(room)?.seq || 0
    this.#positions.delete(room)
    if (at) this.#positions.set(room, { at, seq: fresh ? seq : had, had })
    // More than have a place in a URL.
    for (const old of this.#positions.keys()) if (old && this.#positions.size > 100) this.#positions.delete(old)
    this.#emit('$joined', { type: '$joined', id, room: room || undefined, fresh, resumed, outdated })
    if (outdated) this.#emit('$outdated', { compatible, how: outdated })
  }

  #hear(data: string | ArrayBuffer): void {
    this.#heard = Date.now()
    if (typeof data !== 'string') {
      this.#fault = undefined
      this.#enter()
      return void this.#emit('$binary', new Uint8Array(data))
    }
    let message: Json
    let type: string
    let pending: Pending | undefined
    let isAnswer: boolean
    const exact: Exact = new Map()
    try {
      // ES2025 has the source. Most texts have no long run of digits, and are read without.
      message = JSON.parse(data, /\d{16}/.test(data) ? function (this: object, key: string, value: unknown, context?: { source?: string }) {
        const text = context?.source
        if (typeof value === 'number' && /^-?\d+$/.test(text ?? `${value}`) && (text ? BigInt(text) !== BigInt(value) : !Number.isSafeInteger(value))) {
          if (!exact.has(this)) exact.set(this, new Map())
          exact.get(this)!.set(key, text)
        }
        return value
      } as never : undefined)
      type = message['type']
      if (typeof type !== 'string') throw 'no type'
      pending = this.#pending.get(message['ref'])
      isAnswer = type === 'success'
      this.#made.bigints?.(message, isAnswer ? `=${pending?.type}` : type, exact)
    } catch (error) {
      return void this.#emit('error', new Fault('malformed', String(error)))
    }
    const { ref } = message
    for (const lost of exact.values()) {
      for (const [key, text] of lost) this.#emit('error', new Fault('unsafe_integer', `${type}: ${key} has lost digits`, { key, text }))
    }
    const fault = type === 'error' ? new Fault(message['code'], message['message'], message['details']) : undefined
    if (type[0] !== '$') {
      this.#fault = ref === undefined ? fault : undefined // the last one before a Close says why
      if (!fault) this.#enter()
    }
    if (ref === 0) return // a probe's: that it arrived is all it says
    if (pending) return pending.settle(fault, isAnswer ? message['data'] : message)
    if (message['$ask']) return void this.#reply(message)
    if (fault) return void this.#emit('error', fault)
    if (type === '$hello') {
      clearTimeout(this.#timers.enter)
      this.#retry.silence = this.#options.retry?.silence ?? (time(message['ping_ms']) || this.#retry.silence)
      this.#most = message['max_bytes'] ?? Infinity
    } else if (type === '$joined') this.#enter(message)
    else if (type === '$closing') this.#closing = message
    else if (type === '$auth_expiring') {
      this.#expires = Date.now() + (message['in_ms'] ?? Infinity)
      this.#renew()
    } else if (type === '$presence') this.#emit(type, message)
    else if (!isAnswer && type[0] !== '$') {
      const { $seq: seq, $room: room = '' } = message
      const position = seq && this.#positions.get(room)
      if (seq <= position?.had) return
      this.#emit('$message', message)
      if (!this.#emit(type, message)) this.#emit('$unheard', message)
      if (position) position.seq = position.had = seq
    }
  }

  async #renew(): Promise<void> {
    const socket = this.#socket
    if (typeof this.#options.token !== 'function') return
    try {
      await this.#ask('expiring')
      if (this.#token == null || socket !== this.#socket) return
      const data = await this.#request('$auth', { token: this.#token }, {}, true)
      this.#expires = Date.now() + (data?.expires_in_ms ?? Infinity)
    } catch (error) {
      if (error instanceof Fault) this.#emit('error', error) // else the server closes with 4401
    }
  }

  #ended(code: number, reason: string): void {
    this.#clear()
    this.#socket = undefined
    const fault = this.#fault
    const told: Json = { ...this.#closing, ...fault?.details as Json }
    const after = time(told['retry_after_ms'])
    const last: Ended = { code, reason, fault }
    // So many of a user's newest does the server recognize.
    let kept = this.#recognizes ? 64 : 0
    for (const { sent, again, settle } of [...this.#pending.values()].reverse()) if (sent && !(again && kept-- > 0)) settle(lost())
    const { to } = this.#closing
    const moved = to?.[0] === '/'
    if (moved) {
      this.#path = to
      this.#aim()
      this.#positions.delete('')
      // What was asked was asked in the room before.
      for (const { sent, settle } of [...this.#pending.values()]) settle(sent ? lost() : new NoAnswer('moved', 'moved'))
    }
    const way = moved ? 'soon' : verdict(code, fault)
    if (way === 'idle') {
      this.#attempt = 0
      return this.#pending.size ? void this.#dial() : this.#set({ state: 'idle' })
    }
    if (way === 'token') {
      this.#token = undefined
      if (typeof this.#options.token === 'function' && !this.#refused) {
        this.#refused = last
        return void this.#dial()
      }
    }
    if (way === 'token' || way === 'final') {
      this.#end('server', last)
      return void (code === 4426 && this.#emit('$outdated', { compatible: false, how: 'breaks' }))
    }
    const { base, cap } = this.#retry
    const n = this.#attempt++
    const most = moved && !n ? 0 : Math.min(cap, (way === 'slow' ? 5 : 1) * base * 1.7 ** n)
    if (this.#attempt === 3 && !this.#hasOpened) console.warn(`${this.#url} never opened: wrong address or origin?`)
    this.#notBefore = Date.now() + after
    let wait = after + Math.random() * Math.max(most, time(told['retry_window_ms']))
    const hidden = moved ? 'same' : this.#options.hidden ?? 'slow'
    const why = globalThis.navigator?.onLine === false ? 'offline'
      : hidden !== 'same' && globalThis.document?.visibilityState === 'hidden' ? 'hidden' : 'lost'
    if (why === 'hidden' && hidden === 'wait') wait = Infinity
    // Offline, too: `onLine` may be wrong, hence not never.
    else if (why !== 'lost') wait = Math.max(wait, 60_000 * (1 + Math.random()))
    this.#wait(wait, why, last)
    if (moved) this.#emit('$moved', to)
  }

  #wait(ms: number, why: 'lost' | 'offline' | 'hidden', last: Ended): void {
    if (ms < Infinity) this.#time('next', () => this.#dial(), ms)
    this.#set({ state: 'waiting', attempt: this.#attempt, until: Date.now() + ms, why, last })
  }

  #lost(reason: string): void {
    this.#drop(reason)
    this.#ended(1006, reason)
  }

  /** No event of it is heard any more, whenever the browser closes it. */
  #drop(reason: string): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close(1000, reason)
  }

  #end(by: 'us' | 'server', last?: Ended): void {
    this.#clear()
    this.#isOpen = false
    this.#bind('removeEventListener')
    const all = [...this.#pending.values()] // before a listener opens it again
    this.#set({ state: 'closed', by, ...last && { last } })
    for (const { sent, settle } of all) settle(sent ? lost() : last?.fault ?? new NoAnswer('closed', last?.reason || 'the channel is closed'))
  }

  // Whether the server still answers

  #watch(): void {
    // A ping arrives a little later than it was sent.
    const due = this.#heard + this.#retry.silence + 2000 - Date.now()
    if (due > 0) this.#time('watch', () => this.#watch(), due)
    else this.#probe(this.#retry.probe)
  }

  /** Also after a sleep, of whose length no timer tells: a late timer asks, and does not end the connection. */
  #probe(within: number): void {
    const asked = Date.now()
    this.#socket!.send('{"type":"$ping","ref":0}')
    this.#time('watch', () => {
      if (this.#heard >= asked) this.#watch()
      else if (Date.now() - asked > within + 1000) this.#probe(within)
      else this.#lost('no answer')
    }, within)
  }

  /** Something has changed: connects now, or asks whether the connection still is one. */
  #wake(): void {
    const status = this.#status
    const wait = this.#notBefore - Date.now()
    if (status.state === 'open') this.#probe(5000)
    else if (status.state !== 'waiting') this.#need()
    else if (wait > 0) this.#wait(wait, 'lost', status.last)
    else if (globalThis.navigator?.onLine !== false) this.#dial()
  }

  /** Whether it is connected. If the server closed it because it was idle, it connects now. */
  #need(): boolean {
    if (this.#isOpen && this.#status.state === 'idle') this.#dial()
    return this.#status.state === 'open'
  }

  #bind(verb: 'addEventListener' | 'removeEventListener'): void {
    for (const type of 'online offline pageshow pagehide visibilitychange resume'.split(' ')) globalThis[verb]?.(type, this.#page, true)
  }

  #page = ({ type, persisted }: Event & { persisted?: boolean }): void => {
    // A browser cuts the sockets of a page that it keeps for `back`, or does not keep the page.
    if (type === 'pagehide') persisted && this.#socket && this.#lost('page kept')
    else if (type[0] !== 'v' || document.visibilityState === 'visible') this.#wake()
  }

  #clear(): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer)
    this.#timers = {}
  }

  #time(name: Timer, act: () => void, ms: number): void {
    clearTimeout(this.#timers[name])
    this.#timers[name] = later(act, ms)
  }

  #set(status: Status): void {
    this.#status = status
    this.#emit('$status', status)
  }

  #emit(type: string, message: unknown): boolean {
    const all = [...this.#listeners.get(type) ?? []]
    for (const listener of all) this.#call(listener, message)
    return all.length > 0
  }

  /** One listener's error is nobody else's. */
  #call(listener: Listener | undefined, message: unknown): void {
    try {
      listener?.(message)
    } catch (error) {
      queueMicrotask(() => { throw error })
    }
  }
}

/** Who is present, kept up to date as the channel is told. */
export function whoIsPresent<S extends object>(channel: Channel<any>): WhoIsPresent<S> {
  const all = Object.assign(new Map<string, readonly (S & { readonly id: string })[]>(), { count: 0, isWhole: false })
  channel.on('$presence', ({ count, here, in: came, out }: PresenceTold<S>) => {
    all.count = count
    all.isWhole = !!(here ?? came ?? out)
    if (here || !all.isWhole) all.clear()
    const change = (user: string, gone: readonly string[], now: readonly (S & { readonly id: string })[]) => {
      const seen = [...(all.get(user) ?? []).filter(({ id }) => !gone.includes(id)), ...now]
      seen.length ? all.set(user, seen) : all.delete(user)
    }
    for (const [user, gone] of Object.entries(out ?? {})) change(user, gone, [])
    for (const [user, seen] of Object.entries(here ?? came ?? {})) change(user, seen.map(({ id }) => id), seen)
  })
  return all
}

export type Color = 'ink' | 'red' | 'amber' | 'green' | 'blue'

/** A number for each client of a board, counted from 1. */
export type Person = number

/** From 0, 0 at the left top to 1600, 1000 at the right bottom. */
export type Point = [number, number]

export interface Stroke {
  id: StrokeId
  by: Person
  color: Color
  /** In points of the board, 1 to 40. */
  width: number
  points: Point[]
}

/** A number for each stroke of a board. A greater one lies above. */
export type StrokeId = number

/** Draws a stroke above all others. The answer is its id. */
export interface Draw {
  color: Color
  width: number
  /** 1 to 2000 of them. */
  points: Point[]
}

/** Where the pen is. `None` if it is not on the board. */
export interface PointTo { at?: Point | null | undefined }

/** All that is on the board: what a client begins with, unless it was here and has missed only a part. */
export interface WholeDrawing { type: 'drawing'; strokes: Stroke[] }

/** Who the client is, at each connection. */
export interface Welcome { type: 'welcome'; you: Person }

export interface StrokeAdded { type: 'stroke_added'; stroke: Stroke }

export interface StrokeRemoved { type: 'stroke_removed'; id: StrokeId }

/** Where somebody's pen is. `None` if it is not on the board. */
export interface Pointed { type: 'pointed'; person: Person; at: Point | null }

export interface People { type: 'people'; count: number }

export interface BoardProtocol extends Protocol {
  says: { draw: Draw; undo: {}; point: PointTo }
  hears: {
    drawing: WholeDrawing
    welcome: Welcome
    stroke_added: StrokeAdded
    stroke_removed: StrokeRemoved
    pointed: Pointed
    people: People
  }
  answers: { draw: StrokeId }
  faults: {
    draw: {
      /**
       * Something has to be taken back first.
       *
       * the board holds {most} points: take something back
       */
      'board.full': { most: number }
      /** a stroke has 1 to {most} points on the board, and a width of 1 to 40 */
      'board.bad_stroke': { most: number }
    }
    undo: {
      /** nothing of yours is on the board */
      'board.nothing_to_undo': undefined
    }
  }
}

/**
 * A board; whoever opens the same name draws on it.
 *
 * `/board/:name`
 */
export class Board extends Channel<BoardProtocol> {
  static override readonly fingerprint: string = 'be783fee2f54196a'
  static override readonly rates = { draw: [20, 1, 20], point: [30, 1, 30] }
  constructor(params: { name: string }, options?: Options<BoardProtocol>) { super(`/board/${segment(params.name)}`, options) }
  /**
   * Draws a stroke above all others. The answer is its id.
   *
   * At most 20 in a second.
   */
  draw(message: Draw, call?: Call): Answer<BoardProtocol, 'draw'> { return this.request('draw', message, call) }
  /** Takes back the last stroke of this client. */
  undo(call?: Call): Answer<BoardProtocol, 'undo'> { return this.request('undo', {}, call) }
  /**
   * Where the pen is. `None` if it is not on the board.
   *
   * At most 30 in a second.
   */
  point(message: PointTo, call?: Call): Answer<BoardProtocol, 'point'> { return this.request('point', message, call) }
}
