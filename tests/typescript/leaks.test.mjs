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
  // The engine's own tables grow now and then; what is left behind grows each time.
  let grown = Infinity
  for (let tries = 0; tries < 3 && grown > 100_000; tries++) {
    outcomes.done = 0
    const before = await heap()
    await rounds(200)
    grown = await heap() - before
    assert.equal(outcomes.done, 10_000)
  }
  assert.deepEqual([world.clock.timers.size, listeners.size], [timers, 0])
  assert.ok(grown < 100_000, `${grown} bytes more after 10,000 requests`)
  chat.close()
  assert.equal(world.clock.timers.size, 0)
}))
