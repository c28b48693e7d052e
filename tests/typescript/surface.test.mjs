// What a channel offers besides: listeners that end, iterators, binary messages, integers of 64 bits, the page's states.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as core from './support/core.mjs'
import { Chat } from './support/client.mjs'
import { integers } from './support/integers.mjs'
import { onItsClock } from './support/world.mjs'

const open = (world, options) => new Chat({ room_id: 'a' }, { ...world.options, ...options }).open()

test('integers of 64 bits are exact, or told of', () => integers(core))

test('listeners end by what `on` returns, by a signal, or after one', onItsClock(async world => {
  const chat = open(world)
  await world.letIn()
  const heard = []
  const abort = new AbortController()
  const off = chat.on('pong', () => heard.push('off'))
  chat.on('pong', () => heard.push('signal'), { signal: abort.signal })
  chat.on('pong', () => heard.push('once'), { once: true })
  chat.on('pong', () => heard.push('never'), { signal: AbortSignal.abort() })
  const handled = chat.handle({ pong: () => heard.push('handled') })
  world.socket.say({ type: 'pong' })
  off(); off()
  world.socket.say({ type: 'pong' })
  abort.abort()
  handled()
  world.socket.say({ type: 'pong' })
  assert.deepEqual(heard, ['off', 'signal', 'once', 'handled', 'signal', 'handled'])
  chat.close()
}))

test('a message to which nobody listens is `$unheard`, each is `$message`, and the framework\'s are neither', onItsClock(async world => {
  const chat = open(world)
  await world.letIn()
  const heard = []
  chat.on('$message', m => heard.push(`message ${m.type}`))
  chat.on('$unheard', m => heard.push(`unheard ${m.type}`))
  chat.on('pong', () => heard.push('pong'))
  for (const type of ['pong', 'newer', '$ping', '$later', 'success']) world.socket.say({ type })
  assert.deepEqual(heard, ['message pong', 'pong', 'message newer', 'unheard newer'])
  chat.close()
}))

test('binary messages both ways', onItsClock(async world => {
  const chat = open(world)
  assert.equal(chat.sendBinary(new Uint8Array([1])), false)
  await world.letIn()
  const heard = []
  chat.on('$binary', bytes => heard.push([...bytes]))
  world.socket.onmessage({ data: new Uint8Array([1, 2]).buffer })
  assert.equal(world.socket.binaryType, 'arraybuffer')
  world.socket.onsent = undefined
  assert.deepEqual([chat.sendBinary(new Uint8Array([3])), chat.sendBinary(new Uint8Array(65_537))], [true, false])
  assert.deepEqual([heard, world.socket.sent.map(bytes => [...bytes])], [[[1, 2]], [[3]]])
  chat.close()
}))

test('a binary message lets a client in at an old server, and a fault before it is not why the connection ends', onItsClock(async world => {
  const chat = open(world)
  await world.clock.settle()
  world.socket.accept()
  await world.clock.settle()
  world.socket.onmessage({ data: new Uint8Array([1]).buffer })
  assert.equal(chat.status.state, 'open')
  world.socket.say({ type: 'error', code: 'room.full', message: 'full' })
  world.socket.onmessage({ data: new Uint8Array([2]).buffer })
  await world.end(1008, '')
  assert.deepEqual([chat.status.state, chat.status.last.fault], ['waiting', undefined])
  chat.close()
}))

test('an iterator begins when it is asked for, drains what it has, and ends with the channel', onItsClock(async world => {
  const chat = open(world)
  await world.letIn()
  const all = chat.messages('pong', 'tick')
  world.socket.say({ type: 'pong', n: 1 })
  world.socket.say({ type: 'tick', n: 2 })
  world.socket.say({ type: 'other', n: 3 })
  chat.close()
  chat.open()
  await world.letIn()
  world.socket.say({ type: 'pong', n: 4 })
  const read = []
  for await (const { n } of all) read.push(n)
  assert.deepEqual(read, [1, 2])
  chat.close()
  assert.deepEqual(await chat.messages('pong').next(), { done: true, value: undefined })
}))

test('a listener that closes at the first frame is not let in by it', onItsClock(async world => {
  const chat = open(world)
  const heard = []
  for (const type of ['$joined', '$status']) chat.on(type, event => heard.push(event.state ?? type))
  chat.on('error', () => chat.close())
  await world.clock.settle()
  world.socket.accept()
  world.socket.say('{"type":"welcome","n":18446744073709551615}')
  assert.deepEqual([heard, world.clock.timers.size], [['closed'], 0])
}))

test('`using` closes', onItsClock(async world => {
  const chat = open(world)
  chat[Symbol.dispose]()
  assert.equal(chat.status.state, 'closed')
}))

test('a request that nobody looks at is no unhandled rejection', onItsClock(async world => {
  const unhandled = []
  const note = error => unhandled.push(error)
  process.on('unhandledRejection', note)
  const chat = open(world)
  chat.ping()
  chat.close()
  await new Promise(setImmediate)
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
}))

test('a reason that is too long for a Close is cut', onItsClock(async world => {
  const chat = open(world)
  await world.letIn()
  chat.close('€'.repeat(200))
  assert.ok(new TextEncoder().encode(world.dials[0].closedWith.reason).length <= 123)
}))

test('a request that is longer than what may wait waits alone', onItsClock(async world => {
  const chat = open(world)
  const message = 'x'.repeat(300_000)
  const [first, second] = [message, 'y'].map(message => core.attempt(chat.chatMessage({ message })))
  assert.equal((await second).error.kind, 'unsent')
  await world.clock.settle()
  world.socket.accept()
  world.socket.say({ type: '$hello', max_bytes: 1e6 })
  world.socket.say({ type: '$joined', id: 'c1' })
  assert.equal(world.frames.at(-1)?.message.length, 300_000)
  world.socket.say({ type: 'success', ref: 1 })
  assert.equal((await first).ok, true)
  chat.close()
}))

test('a class of sockets that throws is a connection that was lost', onItsClock(async world => {
  const chat = open(world, { WebSocket: class { constructor() { throw new Error('SecurityError') } } })
  await world.clock.settle()
  assert.deepEqual([chat.status.state, chat.status.last.reason], ['waiting', 'Error: SecurityError'])
  chat.close()
}))

test('after three tries that never opened there is one warning', onItsClock(async world => {
  const warned = []
  const { warn } = console
  console.warn = text => warned.push(text)
  try {
    const chat = open(world)
    for (let n = 0; n < 6; n++) {
      await world.end(1006)
      await world.redial()
    }
    chat.close()
  } finally {
    console.warn = warn
  }
  assert.equal(warned.length, 1)
  assert.match(warned[0], /^ws:\/\/server\/chat\/a never opened/)
}))

/** A page, as far as the core looks at one. */
const inPage = act => onItsClock(async world => {
  const listeners = {}
  const page = { visible: true, online: true, fire: (type, more) => listeners[type]?.({ type, ...more }) }
  globalThis.addEventListener = (type, listener) => { listeners[type] = listener }
  globalThis.removeEventListener = () => {}
  globalThis.document = { get visibilityState() { return page.visible ? 'visible' : 'hidden' } }
  Object.defineProperty(globalThis, 'navigator', { value: { get onLine() { return page.online } }, configurable: true })
  try {
    await act(world, page)
  } finally {
    for (const key of ['document', 'navigator', 'addEventListener', 'removeEventListener']) delete globalThis[key]
  }
})

for (const [hidden, wait] of [['slow', 90_000], [undefined, 90_000], ['wait', Infinity], ['same', 500]]) {
  test(`a hidden page with hidden: ${hidden}`, inPage(async (world, page) => {
    const chat = open(world, { hidden })
    await world.letIn()
    page.visible = false
    await world.end(1006)
    assert.equal(chat.status.until - world.clock.now, wait)
    page.fire('visibilitychange')
    assert.equal(chat.status.state, 'waiting')
    page.visible = true
    page.fire('visibilitychange')
    assert.equal(chat.status.state, 'connecting')
    chat.close()
  }))
}

test('offline it waits for the network, and for a minute or two where the engine is wrong; nobody dials before the server said', inPage(async (world, page) => {
  const chat = open(world)
  await world.letIn()
  await world.clock.advance(1)
  page.online = false
  page.fire('offline') // alone it proves nothing: it asks
  assert.equal(world.frames.at(-1).type, '$ping')
  await world.clock.advance(5000)
  assert.deepEqual([chat.status.state, chat.status.why, chat.status.until - world.clock.now], ['waiting', 'offline', 90_000])
  page.fire('offline')
  assert.equal(chat.status.state, 'waiting')
  page.online = true
  page.fire('online')
  assert.equal(chat.status.state, 'connecting')
  await world.clock.settle()
  world.socket.accept()
  world.socket.say({ type: 'error', code: 'unavailable', message: '', details: { retry_after_ms: 4000 } })
  await world.end(1013)
  for (const type of ['online', 'pageshow', 'resume', 'visibilitychange']) page.fire(type)
  assert.deepEqual([chat.status.state, chat.status.until - world.clock.now], ['waiting', 4000])
  await world.clock.advance(4000)
  assert.equal(chat.status.state, 'connecting')
  chat.close()
}))

test('a page that is kept for `back` closes, and dials when it is shown', inPage(async (world, page) => {
  const chat = open(world)
  await world.letIn()
  page.fire('pagehide', { persisted: false })
  assert.equal(chat.status.state, 'open')
  page.fire('pagehide', { persisted: true })
  assert.deepEqual([chat.status.state, world.alive.length], ['waiting', 0])
  page.fire('pageshow', { persisted: true })
  assert.equal(chat.status.state, 'connecting')
  chat.close()
}))
