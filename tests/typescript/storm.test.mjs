// 2000 clients whose server goes away and comes back, on a clock that stands still and without latency: how many return at once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Chat } from './support/client.mjs'
import { Clock, seeded, sockets } from './support/clock.mjs'
import { HELLO, JOINED } from './support/world.mjs'

const CLIENTS = 2000

/** `answer(socket, now)` is the server, once a dial. Returns when each client dialled and was let in, after the restart. */
async function storm(seed, { closing, code = 1006, answer, ms }) {
  const clock = Clock.install(seeded(seed))
  try {
    const dials = []
    const returns = []
    const clients = []
    let begun = false
    for (let n = 0; n < CLIENTS; n++) {
      let lived
      const WebSocket = sockets(socket => {
        lived = socket
        if (begun) dials.push({ n, at: clock.now - begun })
        setTimeout(() => {
          const letIn = () => {
            if (begun) returns.push(clock.now - begun)
            socket.accept()
            socket.say(HELLO)
            socket.say(JOINED)
          }
          begun ? answer(socket, clock.now - begun, letIn) : letIn()
        }, 1)
      })
      const chat = new Chat({ room_id: 'a' }, { url: 'http://server', WebSocket }).open()
      clients.push({ chat, socket: () => lived })
    }
    await clock.advance(10_000)
    begun = clock.now
    for (const { socket } of clients) {
      if (closing) socket().say({ type: '$closing', ...closing })
      socket().end(code)
    }
    await clock.advance(ms)
    for (const { chat } of clients) chat.close()
    return { dials, returns }
  } finally {
    clock.uninstall()
  }
}

/** The part of the clients that returned in the fullest 100 ms, wherever they begin. */
function fullest(returns) {
  const all = [...returns].sort((a, b) => a - b)
  let most = 0
  for (let i = 0, from = 0; i < all.length; i++) {
    while (all[i] - all[from] >= 100) from++
    most = Math.max(most, i - from + 1)
  }
  return most / CLIENTS
}

const away = ms => (socket, now, letIn) => now >= ms ? letIn() : socket.end(1006)

for (const seed of [1, 2, 3]) {
  test(`a server that is back at once: no 100 ms has more than 13 % of the returns (seed ${seed})`, async () => {
    const { returns } = await storm(seed, { answer: away(0), ms: 2000 })
    assert.equal(returns.length, CLIENTS)
    assert.ok(fullest(returns) <= 0.13, `${fullest(returns)}`)
  })
}

test('a server that said how long its window is: no more than 7 %', async () => {
  const { returns } = await storm(4, { closing: { retry_after_ms: 0, retry_window_ms: 2000 }, code: 1012, answer: away(0), ms: 3000 })
  assert.equal(returns.length, CLIENTS)
  assert.ok(fullest(returns) <= 0.07, `${fullest(returns)}`)
})

test('a server that is away for 3 s: no more than 8 %, and all are back within 21 s', async () => {
  const { returns, dials } = await storm(5, { answer: away(3000), ms: 24_000 })
  assert.equal(returns.length, CLIENTS)
  assert.ok(fullest(returns) <= 0.08, `${fullest(returns)}`)
  assert.ok(dials.length <= 6 * CLIENTS, `${dials.length} dials`)
})

test('a full server: no client tries more than once within its `retry_after`, and not more often the longer it takes', async () => {
  const AFTER = 2000
  const full = socket => {
    socket.accept() // a refusal by a Close opens the socket first
    socket.say({ type: 'error', code: 'unavailable', message: 'full', details: { retry_after_ms: AFTER, retry_window_ms: 1000 } })
    socket.end(1013)
  }
  const { dials } = await storm(6, { answer: full, ms: 60_000 })
  const last = new Map()
  for (const { n, at } of dials) {
    if (last.has(n)) assert.ok(at - last.get(n) >= AFTER, `${at - last.get(n)} ms after the last`)
    last.set(n, at)
  }
  const minute = dials.length / CLIENTS
  assert.ok(minute > 3 && minute < 13, `${minute} tries a client in a minute`)
})
