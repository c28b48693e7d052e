// The vectors that every client is tested with: tests/vectors. Each becomes a short script.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as core from './support/core.mjs'
import { play } from './support/script.mjs'

const vectors = name => {
  const { vectors } = JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))
  assert(vectors.length > 5)
  return vectors
}
const client = { path: '/room/a', fingerprint: '0123456789abcdef' }
const hello = { say: { type: '$hello', v: 1, ping_ms: 25000, max_bytes: 65536 } }
const joined = { say: { type: '$joined', id: 'c1' } }
const fault = code => ({ type: 'error', code, message: code, timestamp: '2026-01-01T00:00:00Z' })
const enter = [{ open: true }, { dial: {} }, { accept: true }, hello, joined, { event: { joined: { id: 'c1', fresh: true } } }]

// For each: the rest of the script, `random`, and what the client has besides.
const made = {
  waits({ n, slow, random, after, window, ms }) {
    const steps = [{ open: true }]
    for (let i = 0; i < n; i++) steps.push({ dial: {} }, { refuse: true }, { wait: Math.max(1, Math.ceil(random * Math.min(20_000, 1000 * 1.7 ** i))) })
    steps.push({ dial: {} }, { accept: true }, { say: { type: '$closing', retry_after_ms: after, retry_window_ms: window } })
    return { steps: [...steps, { end: slow ? 1011 : 1001 }, { status: { state: 'waiting', attempt: n + 1 } }], random: [random], ms }
  },
  ends({ code, fault: last, token, then }) {
    const asked = token === 'function' ? [{ asked: 'first' }, { token: 't' }] : []
    const told = last ? [{ say: fault(last) }, { event: { error: last } }] : []
    const verdict = {
      final: [{ status: { state: 'closed', by: 'server' } }, ...code === 4426 ? [{ event: { outdated: 'breaks' } }] : []],
      soon: [{ status: { state: 'waiting', in: 500 } }],
      slow: [{ status: { state: 'waiting', in: 2500 } }],
      idle: [{ status: { state: 'idle' } }],
      token: [{ asked: 'refused' }, { status: { state: 'connecting' } }],
    }[then]
    const own = token === 'function' ? { token: true } : token === 'text' ? { token: 't' } : {}
    const [open, ...rest] = enter
    return { steps: [open, ...asked, ...rest, ...told, { end: code }, ...verdict], own }
  },
  offers: ({ fingerprint, token, offers }) => ({ steps: [{ open: true }, { dial: { offers } }], own: { fingerprint, token } }),
  encode: ({ type, payload, ref, frame }) => ({
    steps: [...enter, ref ? { request: [type, payload], as: 'a' } : { send: [type, payload], is: true }, { frame }],
  }),
  decode({ text, message, unheard, error, answer }) {
    const event = message ?? unheard
    const told = event ? [{ event: { message: event } }] : error ? [{ event: { error } }] : answer ? [{ answer: 'a', ...answer }] : []
    return { steps: [...enter, { request: ['move', {}], as: 'a' }, { frame: { type: 'move', ref: 1 } }, { say_text: text }, ...told] }
  },
}

for (const [name, script] of Object.entries(made)) {
  test(name, async () => {
    for (const vector of vectors(name)) {
      // A page does not see the status of a handshake.
      if (vector.status) continue
      const { steps, random = [0.5], own, ms } = script(vector)
      if (ms !== undefined) {
        // Timers have whole milliseconds.
        steps.push({ wait: Math.max(0, Math.floor(ms) - 2) }, { status: { state: 'waiting' } }, { wait: 4 }, { dial: {} })
      }
      await play({ client: { ...client, ...own }, random, steps }, core).catch(error => {
        throw new Error(`${JSON.stringify(vector)}: ${error.message}`, { cause: error })
      })
    }
  })
}

test('a message that nobody listens to is unheard, and one with a listener is not', async () => {
  for (const { text, message, unheard } of vectors('decode')) {
    if (!message && !unheard) continue
    const heard = []
    let socket
    class WebSocket { constructor() { socket = this } send() {} close() {} }
    const channel = new core.Channel('/room/a', { url: 'http://server', WebSocket }).open()
    channel.on('moved', message => heard.push({ message }))
    channel.on('welcome', message => heard.push({ message }))
    channel.on('$unheard', unheard => heard.push({ unheard }))
    await undefined
    await new Promise(resolve => setImmediate(resolve))
    socket.onopen({})
    socket.onmessage({ data: '{"type":"$joined","id":"c1"}' })
    socket.onmessage({ data: text })
    assert.deepEqual(heard, [message ? { message } : { unheard }])
    channel.close()
  }
})

test('paths', () => {
  for (const { pattern, params, path, refused } of vectors('paths')) {
    const values = [...params]
    const render = () => pattern.split('/').map(part => part[0] === ':' ? core.segment(values.shift()) : part).join('/')
    if (refused) assert.throws(render, RangeError)
    else assert.equal(render(), path)
  }
})
