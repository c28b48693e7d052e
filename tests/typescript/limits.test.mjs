// At a real server with few places and a small rate, through the client that is generated of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket as Ws } from 'ws'
import { Example, TEST } from '../browser/example.mjs'
import { until } from './support/client.mjs'
import { Proxy } from './support/proxy.mjs'

const WebSocket = globalThis.WebSocket ?? Ws

/** The server, and the module that it generates. */
async function start(environment) {
  const server = await Example.start('limits', environment)
  const text = await (await fetch(`${server.url}/channels.js`)).text()
  return { server, ...await import(`data:text/javascript,${encodeURIComponent(text)}`) }
}

test('60 requests that wait behind a rate of 10 a second are all answered, and the connection stays', TEST, async () => {
  const { server, attempt, Counter } = await start()
  assert.deepEqual(Counter.rates, { count: [10, 1, 10] })
  const sixty = counter => Promise.all(Array.from({ length: 60 }, () => attempt(counter.count({ timeout: 100_000 }))))
  const ann = new Counter({ url: server.url, WebSocket })
  let joins = 0
  ann.on('$joined', () => joins++)
  ann.open()
  const all = await sixty(ann)
  assert.deepEqual(all.map(({ value }) => value), Array.from({ length: 60 }, (_, n) => n + 1))
  assert.deepEqual([joins, ann.status.state], [1, 'open'])
  ann.close()
  // It is the client that keeps to it: without the rate the server refuses.
  class Hasty extends Counter { static rates = {} }
  const bob = new Hasty({ url: server.url, WebSocket }).open()
  const hasty = await sixty(bob)
  assert.ok(hasty.some(({ error }) => error?.code === 'rate_limited'))
  bob.close()
  await server.stop()
})

test('a full server is tried again no sooner than it said, each time, and its next place is taken', TEST, async () => {
  const { server, Counter } = await start({ PLACES: '1' })
  const line = await Proxy.to(server.url)
  const ann = new Counter({ url: server.url, WebSocket }).open()
  await until(ann, 'open')
  const bob = new Counter({ url: line.url, WebSocket, retry: { base: 1, cap: 1 } })
  const refusals = []
  bob.on('$status', ({ state, last }) => {
    if (state !== 'waiting') return
    refusals.push(last)
    // Beyond the first wait.
    if (refusals.length === 2) ann.close()
  })
  bob.open()
  await until(bob, 'open')
  for (const { code, fault } of refusals) {
    const { retry_after_ms, retry_window_ms } = fault.details
    assert.deepEqual([code, fault.code, retry_after_ms, retry_window_ms], [1013, 'unavailable', 5000, 1000])
  }
  assert.ok(line.dials.length >= 3, `${line.dials.length} dials`)
  // A timer of Node may be a millisecond early.
  for (let i = 1; i < line.dials.length; i++) assert.ok(line.dials[i] - line.dials[i - 1] >= 4998, `${line.dials}`)
  bob.close()
  line.close()
  await server.stop()
})
