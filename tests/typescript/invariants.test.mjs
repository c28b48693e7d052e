// What holds of every client at any time: docs/clients.md lists them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attempt, Channel, Fault, NoAnswer } from './support/core.mjs'
import { Chat } from './support/client.mjs'
import { seeded } from './support/clock.mjs'
import { World, onItsClock, HELLO, JOINED } from './support/world.mjs'

const open = (world, options) => new Chat({ room_id: 'a' }, { ...world.options, ...options }).open()

test('1. at most one socket of a channel is alive, and no event of an older one is heard', onItsClock(async world => {
  const chat = open(world)
  const heard = []
  chat.on('$message', m => heard.push(m))
  await world.letIn()
  const [old] = world.dials
  await world.clock.advance(37_000) // nothing is heard, and it is given up
  assert.equal(old.closedWith.code, 1000)
  await world.clock.advance(500)
  old.onopen({})
  old.say(JOINED)
  old.say({ type: 'pong' })
  old.onclose({ code: 4403, reason: '' })
  assert.deepEqual([heard, chat.status.state, world.alive.length], [[], 'connecting', 1])
  await world.letIn()
  chat.close()
  chat.open()
  assert.equal(world.alive.length, 1)
  chat.close()
}))

test('2. n is reset by time spent in, never by `onopen`', onItsClock(async world => {
  const chat = open(world)
  const attempts = []
  chat.on('$status', s => { if (s.state === 'waiting') attempts.push(s.attempt) })
  for (let n = 0; n < 5; n++) {
    await world.clock.settle()
    world.socket.accept()
    await world.clock.advance(299)
    await world.end(1013)
    await world.redial()
  }
  await world.letIn()
  await world.clock.advance(4999)
  await world.end(1006)
  await world.redial()
  await world.letIn()
  await world.clock.advance(5000)
  await world.end(1006)
  assert.deepEqual(attempts, [1, 2, 3, 4, 5, 6, 1])
  chat.close()
}))

test('3. a request settles exactly once, and leaves nothing behind: no timer, no abort listener, no map entry', onItsClock(async world => {
  const chat = open(world)
  const abort = new AbortController()
  const listeners = new Set()
  const { addEventListener, removeEventListener } = abort.signal
  abort.signal.addEventListener = (...args) => { listeners.add(args[1]); addEventListener.apply(abort.signal, args) }
  abort.signal.removeEventListener = (...args) => { listeners.delete(args[1]); removeEventListener.apply(abort.signal, args) }
  const settled = []
  const request = (how, call) => chat.ping(call).then(() => settled.push(how), error => settled.push(`${how} ${error.kind ?? error.name}`))
  await world.letIn()
  const idle = world.clock.timers.size
  world.onframe = (socket, { type, ref }) => { if (type === 'ping') socket.say({ type: 'pong', ref }) }
  request('answered', { signal: abort.signal })
  await world.clock.settle()
  assert.deepEqual([settled, listeners.size, world.clock.timers.size], [['answered'], 0, idle])
  world.onframe = undefined
  request('timed out', { timeout: 10, signal: abort.signal })
  request('aborted', { signal: abort.signal })
  await world.clock.advance(10)
  world.socket.say({ type: 'pong', ref: 2 })
  abort.abort()
  await world.clock.settle()
  world.socket.say({ type: 'pong', ref: 3 })
  request('too late', { signal: abort.signal })
  await world.clock.settle()
  assert.deepEqual([settled.splice(1), listeners.size, world.clock.timers.size], [['timed out timeout', 'aborted AbortError', 'too late AbortError'], 0, idle])
  request('lost')
  await world.end(1006)
  request('unsent', { timeout: 1 })
  await world.clock.advance(1)
  request('closed')
  chat.close()
  await world.clock.settle()
  assert.deepEqual([settled.splice(1), world.clock.timers.size], [['lost lost', 'unsent unsent', 'closed closed'], 0])
}))

test('4. a frame is given to one socket once, and to another one only if it is idempotent', onItsClock(async world => {
  const chat = open(world)
  for (let n = 0; n < 5; n++) chat.chatMessage({ message: `${n}` })
  for (let n = 0; n < 3; n++) {
    await world.letIn()
    await world.end(1006)
    chat.chatMessage({ message: `again ${n}` })
    await world.redial()
  }
  const texts = world.frames.filter(({ type }) => type === 'chat_message').map(({ message }) => message)
  assert.deepEqual(texts, ['0', '1', '2', '3', '4', 'again 0', 'again 1'])
  assert.equal(new Set(world.frames.map(({ ref }) => ref)).size, world.frames.length)
  chat.close()
}))

test('5. on a new connection: `greet`, then what is sent again, then what waited, both in the order of the calls, then anything newer', onItsClock(async world => {
  const chat = open(world, { greet: say => { say('hi', {}); chat.request('from_greet', {}) } })
  chat.on('$status', s => { if (s.state === 'open') chat.send('at_open', {}) })
  chat.on('$joined', () => chat.send('at_joined', {}))
  for (let n = 0; n < 20; n++) chat.request(`waits_${n}`, {})
  await world.letIn()
  chat.send('newer', {})
  assert.deepEqual(world.frames.map(({ type }) => type), ['hi', ...Array.from({ length: 20 }, (_, n) => `waits_${n}`), 'from_greet', 'at_open', 'at_joined', 'newer'])
  chat.request('bid', { n: 1 })
  chat.request('bid', { n: 2 })
  await world.end(1006)
  chat.request('waits', {})
  world.frames = []
  await world.redial()
  chat.request('bid', { n: 3 })
  await world.letIn()
  assert.deepEqual(world.frames.map(({ type, n }) => n ?? type), ['hi', 1, 2, 'waits', 3, 'from_greet', 'at_open', 'at_joined'])
  chat.close()
}))

test('6. `closed` stays until `open()`: no timer, no window listener, no reference from the page', onItsClock(async world => {
  const page = new Map()
  globalThis.addEventListener = (type, act) => page.set(type, act)
  globalThis.removeEventListener = (type, act) => { if (page.get(type) === act) page.delete(type) }
  try {
    for (const close of [chat => chat.close(), () => world.end(4403)]) {
      const chat = open(world)
      assert.deepEqual([...page.keys()].sort(), ['offline', 'online', 'pagehide', 'pageshow', 'resume', 'visibilitychange'])
      await world.letIn()
      chat.ping().catch(() => {})
      await close(chat)
      await world.clock.settle()
      const dials = world.dials.length
      await world.clock.advance(600_000)
      assert.deepEqual([chat.status.state, world.clock.timers.size, page.size, world.dials.length], ['closed', 0, 0, dials])
      chat.open()
      assert.equal(chat.status.state, 'connecting')
      chat.close()
    }
  } finally {
    delete globalThis.addEventListener
    delete globalThis.removeEventListener
  }
}))

test('7. the token function runs alone, at most once a try, and at most once with `refused` between two entries', onItsClock(async world => {
  const whys = []
  let running = 0
  let most = 0
  const token = async why => {
    whys.push(why)
    most = Math.max(most, ++running)
    await new Promise(resolve => setTimeout(resolve, 700))
    running--
    return 't'
  }
  const chat = open(world, { token })
  for (let n = 0; n < 4; n++) { // impatient
    await world.clock.advance(100)
    chat.close()
    chat.open()
  }
  await world.clock.advance(700)
  for (let n = 0; n < 3; n++) { // reconnects
    await world.letIn()
    await world.clock.advance(5000)
    await world.end(1006)
    await world.clock.advance(1000)
  }
  assert.deepEqual([whys, most], [['first'], 1])
  await world.letIn()
  world.socket.say({ type: '$auth_expiring', in_ms: 60_000 })
  await world.clock.settle()
  await world.end(4401) // while it asks: what it is given serves
  await world.clock.advance(700)
  assert.deepEqual([whys, world.socket.state, chat.status.state], [['first', 'expiring'], 'connecting', 'connecting'])
  await world.end(4401) // the second one without an entry
  assert.deepEqual([whys, chat.status.state], [['first', 'expiring'], 'closed'])
}))

test('8. refs count up over all connections: a late answer fits nothing', onItsClock(async world => {
  const chat = open(world)
  const refs = []
  for (let n = 0; n < 4; n++) {
    await world.letIn()
    const asked = attempt(chat.ping({ timeout: 100 }))
    const { ref } = world.frames.at(-1)
    refs.push(ref)
    for (const old of refs.slice(0, -1)) world.socket.say({ type: 'success', ref: old })
    await world.clock.advance(100)
    assert.equal((await asked).error.kind, 'timeout')
    await world.end(1006)
    await world.redial()
  }
  assert.deepEqual(refs, [1, 2, 3, 4])
  chat.close()
}))

test('9. a listener that throws is reported and stops nobody; listeners are copied before the round', onItsClock(async world => {
  const reported = []
  const { queueMicrotask } = globalThis
  globalThis.queueMicrotask = act => { try { act() } catch (error) { reported.push(error.message) } }
  try {
    const chat = open(world, { greet: () => { throw new Error('greet') } })
    const heard = []
    chat.on('pong', () => { throw new Error('first') })
    const off = chat.on('pong', () => {
      heard.push('second')
      off()
      chat.on('pong', () => heard.push('later'))
    })
    chat.on('pong', () => heard.push('third'))
    await world.letIn()
    world.socket.say({ type: 'pong' })
    assert.deepEqual([heard, reported, chat.status.state], [['second', 'third'], ['greet', 'first'], 'open'])
    world.socket.say({ type: 'pong' })
    assert.deepEqual(heard, ['second', 'third', 'third', 'later'])
    chat.close()
  } finally {
    globalThis.queueMicrotask = queueMicrotask
  }
}))

test('a timer that is late asks once more, and does not end the connection', onItsClock(async world => {
  const chat = open(world)
  await world.letIn()
  await world.clock.advance(27_000)
  world.clock.now += 60_000 // the machine slept while it waited for the answer
  await world.clock.advance(1)
  assert.deepEqual([chat.status.state, world.frames.filter(({ type }) => type === '$ping').length], ['open', 2])
  await world.clock.advance(10_000)
  assert.equal(chat.status.state, 'waiting')
  chat.close()
}))

// Everything at once, from a seed: what a server, a network, a page and a user may do in any order.
const SEED = Number(process.env.SEED ?? 1) // of the first
for (let seed = SEED; seed < SEED + Number(process.env.SEEDS ?? 100); seed++) {
  test(`a random schedule, seed ${seed}`, onItsClock(world => schedule(world, seeded(seed * 7919)), seeded(seed)))
}

async function schedule(world, random) {
  const pick = (...all) => all[Math.floor(random() * all.length)]
  const page = {}
  globalThis.document = { visibilityState: 'visible' }
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: true }, configurable: true })
  globalThis.addEventListener = (type, act) => { page[type] = act }
  globalThis.removeEventListener = type => { delete page[type] }
  const fire = (type, event) => page[type]?.({ type, ...event })
  const settles = new Map()
  let refused = 0
  let asking = 0
  const token = async why => {
    assert.equal(++asking, 1, 'the token function runs alone')
    if (why === 'refused') refused++
    await new Promise(resolve => setTimeout(resolve, Math.floor(random() * 2000)))
    asking--
    if (random() < 0.2) throw new Error('no token')
    return 't'
  }
  class Rated extends Chat { static rates = { paced: [5, 1, 5], bid: [9, 1, 9] } }
  const chat = new Rated({ room_id: 'a' }, { ...world.options, token: pick(undefined, 't', token), hidden: pick('slow', 'wait', 'same') })
  const order = []
  const places = new Map()
  const ids = new Map()
  world.onframe = (socket, { type, ref, n, $id }) => {
    assert.equal(socket, world.socket, 'only the newest socket is written to')
    if (n !== undefined) {
      assert.ok(!(n <= places.get(socket)), 'in the order of the calls')
      places.set(socket, n)
      if (type !== 'bid') order.push(n)
      else if (!ids.has($id)) ids.set($id, n)
      assert.equal(type === 'bid' ? ids.get($id) : $id, type === 'bid' ? n : undefined, 'an id is that of one message')
    }
    if (type === '$ping') return random() < 0.7 && socket.say({ type: '$pong', ref })
    if (ref && random() < 0.7) setTimeout(() => socket.say(pick({ type: 'success', ref }, { type: 'error', ref, code: 'x', message: '' }, { type: 'pong', ref })), 1 + Math.floor(random() * 300))
  }
  const bases = { n: 0 }
  const request = () => {
    const n = bases.n++
    settles.set(n, 0)
    const abort = new AbortController()
    if (random() < 0.2) setTimeout(() => abort.abort(), Math.floor(random() * 3000))
    chat.request(pick('paced', 'ping', 'bid'), { n }, { timeout: pick(50, 1000, 20_000), signal: abort.signal }).then(
      () => settles.set(n, settles.get(n) + 1), () => settles.set(n, settles.get(n) + 1),
    )
  }
  const CODES = [1000, 1001, 1006, 1008, 1011, 1012, 1013, 4401, 4403, 4408, 4426, 4429, 4490]
  const steps = {
    open: () => chat.open(),
    close: () => random() < 0.3 && chat.close(),
    request,
    burst: () => { for (let i = 0; i < 12; i++) request() },
    send: () => chat.send('typing', {}),
    letIn: () => world.socket?.state === 'connecting' && world.letIn(),
    accept: () => world.socket?.accept(),
    end: () => world.socket && world.socket.state !== 'ended' && world.socket.state !== 'closing' && world.end(pick(...CODES)),
    refuse: () => world.socket?.say({ type: 'error', code: pick('unavailable', 'x'), message: '', details: { retry_after_ms: 3000 } }),
    say: () => world.socket?.say(pick({ type: 'pong' }, { type: '$later' }, { type: '$closing', retry_after_ms: 50, retry_window_ms: 900 }, { type: '$auth_expiring', in_ms: 500 }, 'nonsense')),
    wait: () => world.clock.advance(Math.floor(random() ** 3 * 40_000)),
    hide: () => { globalThis.document.visibilityState = pick('hidden', 'visible'); fire('visibilitychange') },
    offline: () => { navigator.onLine = pick(true, false); fire(navigator.onLine ? 'online' : 'offline') },
    keep: () => fire('pagehide', { persisted: pick(true, false) }),
    show: () => fire(pick('pageshow', 'resume')),
  }
  try {
    for (let i = 0; i < 120; i++) {
      await steps[pick(...Object.keys(steps))]()
      await world.clock.settle()
      const { state } = chat.status
      assert.ok(world.alive.length <= 1, `${world.alive.length} sockets are alive`)
      if (state === 'open') assert.equal(world.alive.length + world.dials.filter(({ state }) => state === 'ended').length > 0, true)
      if (state === 'closed' || state === 'idle') assert.deepEqual([world.alive.length, state === 'closed' ? Object.keys(page) : []], [0, []])
      if (state === 'waiting') assert.ok(chat.status.until === Infinity || chat.status.until > 0)
      for (const [n, times] of settles) assert.ok(times <= 1, `request ${n} settled ${times} times`)
    }
    // In the order of the calls, and each once.
    assert.deepEqual(order, [...new Set(order)].sort((a, b) => a - b))
    assert.equal(new Set(ids.values()).size, ids.size, 'a message has one id')
    // Whatever has happened: shown, online and opened at a server that is well, it is in.
    globalThis.document.visibilityState = 'visible'
    navigator.onLine = true
    world.ondial = socket => setTimeout(() => { socket.accept(); socket.say(HELLO); socket.say(JOINED) }, 5)
    chat.open()
    fire('visibilitychange')
    for (let i = 0; i < 400 && chat.status.state !== 'open'; i++) {
      if (world.socket?.state === 'connecting') await world.letIn()
      await world.clock.advance(1000)
      if (chat.status.state === 'closed' || chat.status.state === 'idle') chat.open()
    }
    assert.equal(chat.status.state, 'open')
    chat.close()
    await world.clock.settle()
    for (const [n, times] of settles) assert.equal(times, 1, `request ${n} settled ${times} times`)
    await world.clock.advance(600_000)
    assert.equal(chat.status.state, 'closed')
  } finally {
    for (const key of ['document', 'navigator', 'addEventListener', 'removeEventListener']) delete globalThis[key]
  }
}
