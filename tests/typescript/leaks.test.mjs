// 10,000 requests, aborts and reconnects leave nothing behind: the heap is as it was, and so are timers and listeners.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import v8 from 'node:v8'
import vm from 'node:vm'
import { Chat } from './support/client.mjs'
import { onItsClock } from './support/world.mjs'

v8.setFlagsFromString('--expose-gc')
const gc = vm.runInNewContext('gc')

async function heap() {
  for (let i = 0; i < 4; i++) {
    gc()
    await new Promise(setImmediate) // what the engine finalizes in a turn of its own
  }
  return process.memoryUsage().heapUsed
}

/** How many bytes more are in use after it. The engine's own tables grow now and then; what is left behind grows each time. */
async function grownBy(act) {
  let grown = Infinity
  for (let tries = 0; tries < 3 && grown > 100_000; tries++) {
    const before = await heap()
    await act()
    grown = await heap() - before
  }
  return grown
}

test('10,000 requests, aborts and reconnects leave nothing behind', onItsClock(async world => {
  const chat = new Chat({ room_id: 'a' }, { ...world.options, token: async () => 't' }).open()
  world.onframe = (socket, { ref }) => { if (ref % 2) socket.say({ type: 'success', ref }) }
  const signal = new AbortController().signal // of the whole program: nothing may stay on it
  const listeners = new Set()
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (type, act) => { listeners.add(act); addEventListener.call(signal, type, act) }
  signal.removeEventListener = (type, act) => { listeners.delete(act); removeEventListener.call(signal, type, act) }
  const outcomes = { done: 0 }
  const round = async () => {
    await world.letIn()
    for (let n = 0; n < 50; n++) {
      const abort = new AbortController()
      const done = chat.ping({ timeout: 1000, signal: n % 2 ? signal : abort.signal }).then(() => {}, () => {}).then(() => { outcomes.done++ })
      if (n % 10 === 4) abort.abort()
      if (n % 10 === 0) await done
      const off = chat.on('pong', () => {}, { signal })
      chat.on('pong', () => {}, { signal: abort.signal })
      off()
      abort.abort()
    }
    const all = chat.messages('pong')
    const read = (async () => { for await (const _ of all) break })()
    world.socket.say({ type: 'pong' })
    await read
    await world.end(1006)
    await world.redial()
    world.dials.splice(0, world.dials.length - 1)
    world.frames.length = 0
  }
  const rounds = async n => { for (let i = 0; i < n; i++) await round() }
  await rounds(100)
  const timers = world.clock.timers.size
  const grown = await grownBy(async () => {
    outcomes.done = 0
    await rounds(200)
    assert.equal(outcomes.done, 10_000)
  })
  assert.deepEqual([world.clock.timers.size, listeners.size], [timers, 0])
  assert.ok(grown < 100_000, `${grown} bytes more after 10,000 requests`)
  chat.close()
  assert.equal(world.clock.timers.size, 0)
}))

test('10,000 reconnects alone leave nothing behind', onItsClock(async world => {
  const bound = new Map()
  const verbs = ['addEventListener', 'removeEventListener']
  for (const verb of verbs) {
    globalThis[verb] = type => bound.set(type, (bound.get(type) ?? 0) + (verb[0] === 'a' ? 1 : -1))
  }
  let asked = 0
  const token = async () => `${++asked}`
  const chat = new Chat({ room_id: 'a' }, { ...world.options, token, greet: say => say('ping', {}) }).open()
  const round = async n => {
    await world.letIn()
    world.socket.say({ type: 'chat_message', message: 'a' })
    // Each is lost in another way, and the last is opened anew.
    if (n % 5 === 0) await world.end(1006)
    if (n % 5 === 1) await world.end(1012)
    if (n % 5 === 2) await world.clock.advance(25_000 + 2000 + 10_000)
    if (n % 5 === 3) await world.end(4401)
    if (n % 5 === 4) chat.close(), chat.open()
    else if (chat.status.state === 'waiting') await world.clock.advance(chat.status.until - Date.now())
    await world.clock.settle()
    assert.equal(chat.status.state, 'connecting')
    world.dials.splice(0, world.dials.length - 1)
    world.frames.length = 0
  }
  const rounds = async many => { for (let n = 0; n < many; n++) await round(n) }
  await rounds(1000)
  const timers = world.clock.timers.size
  const grown = await grownBy(() => rounds(10_000))
  assert.equal(world.clock.timers.size, timers)
  assert.deepEqual(new Set(bound.values()), new Set([1]))
  assert.ok(grown < 100_000, `${grown} bytes more after 10,000 reconnects`)
  chat.close()
  assert.equal(world.clock.timers.size, 0)
  assert.deepEqual(new Set(bound.values()), new Set([0]))
  for (const verb of verbs) delete globalThis[verb] // Node has none
}))
