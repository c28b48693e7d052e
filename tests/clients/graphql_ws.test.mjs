// The example `graphql_ws` with the package `graphql-ws` as it is, which checks what it receives with the package `graphql`.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { parse } from 'graphql'
import { createClient, stringifyMessage } from 'graphql-ws'
import { WebSocket } from 'ws'
import { Example, TEST } from '../browser/example.mjs'

const PUBLISH = 'mutation Publish($text: String!) { publish(text: $text) }'
const COUNT = 'subscription Count($to: Int!) { count(to: $to) }'
const NEWS = 'subscription { news }'
let example, url
const opened = []

before(async () => {
  example = await Example.start('graphql_ws')
  url = example.url.replace('http', 'ws') + '/graphql'
}, TEST)
afterEach(() => { for (const client of opened.splice(0)) client.dispose() })
after(async () => { assert.equal(await example?.stop(), 0) }, TEST)

function open(options = {}) {
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options })
  opened.push(client)
  return client
}

/** All results of an operation that ends by itself. Rejects if it ends with an error. */
async function all(client, query, variables) {
  parse(query)
  const results = []
  for await (const result of client.iterate({ query, variables })) results.push(result)
  return results
}

/** How the connection of such a client is closed. */
function closed(options, act = () => {}) {
  return new Promise(resolve => {
    const client = open({ lazy: false, onNonLazyError: () => {}, ...options })
    client.on('closed', ({ code, reason }) => resolve([code, reason]))
    client.on('connected', socket => act(client, socket))
  })
}

test('a query has one result, and then is complete', TEST, async () => {
  assert.deepEqual(await all(open(), '{ connected }'), [{ data: { connected: 1 } }])
})

test('a subscription has many results, and ends when the server completes it', TEST, async () => {
  assert.deepEqual(await all(open(), COUNT, { to: 3 }), [1, 2, 3].map(count => ({ data: { count } })))
})

test('what is published reaches all who have subscribed, until they complete', TEST, async () => {
  const [ann, bob] = [open({ lazy: false }), open({ lazy: false })]
  const news = bob.iterate({ query: NEWS })
  const first = news.next()
  // Answered behind the subscription, which then is open.
  await all(bob, '{ connected }')
  await all(ann, PUBLISH, { text: 'one' })
  assert.deepEqual((await first).value, { data: { news: 'one' } })
  const second = news.next()
  await all(ann, PUBLISH, { text: 'two' })
  assert.deepEqual((await second).value, { data: { news: 'two' } })

  let heard = 0
  bob.on('message', ({ type, payload }) => { if (type === 'next' && payload.data.news) heard += 1 })
  await news.return()
  await all(bob, PUBLISH, { text: 'nobody reads it' })
  await all(bob, '{ connected }')
  assert.equal(heard, 0)
})

test('an operation that fails ends with its errors, and the connection stays', TEST, async () => {
  const client = open({ lazy: false })
  await assert.rejects(all(client, '{ nonsense }'), errors => {
    assert.deepEqual(errors, [{ message: 'no document of this server' }])
    return true
  })
  assert.equal((await all(client, '{ connected }')).length, 1)
})

test('pings are answered', TEST, async () => {
  const client = open({ lazy: false, keepAlive: 1 })
  await new Promise(resolve => client.on('pong', received => { if (received) resolve() }))
})

test('4400: what is no message of the protocol', TEST, async () => {
  for (const text of ['nonsense', '[]', '{"type":"nonsense"}', '{"id":7,"type":"complete"}']) {
    const [code, reason] = await closed({}, (_, socket) => socket.send(text))
    assert.equal(code, 4400, text)
    assert.notEqual(reason, '')
  }
})

test('4401: an operation before the connection is acknowledged', TEST, async () => {
  const [code, reason] = await new Promise(resolve => {
    const client = open({ lazy: false, onNonLazyError: () => {}, connectionParams: () => new Promise(() => {}) })
    client.on('opened', socket => socket.send(stringifyMessage({ id: '1', type: 'subscribe', payload: { query: NEWS } })))
    client.on('closed', ({ code, reason }) => resolve([code, reason]))
  })
  assert.deepEqual([code, reason], [4401, 'Unauthorized'])
})

test('4406: another subprotocol', TEST, async () => {
  // What a client of the protocol's predecessor offers. `ws` fails as a browser does if it offers something and nothing is agreed,
  // so the code is read by one that offers nothing.
  class WithoutOffer extends WebSocket {
    constructor(address) { super(address) }
  }
  assert.deepEqual(await closed({ webSocketImpl: WithoutOffer }), [4406, 'subprotocol not acceptable'])
})

test('4408: a client that does not initialise', TEST, async () => {
  const waits = { connectionParams: () => new Promise(() => {}) }
  assert.deepEqual(await closed(waits), [4408, 'Connection initialisation timeout'])
})

test('4409: an id that is in use', TEST, async () => {
  const ended = closed({ generateID: () => 'same' }, client => {
    for (let n = 0; n < 2; n++) client.subscribe({ query: NEWS }, { next() {}, error() {}, complete() {} })
  })
  assert.deepEqual(await ended, [4409, 'Subscriber for same already exists'])
})

test('4429: a second initialisation', TEST, async () => {
  const ended = closed({}, (_, socket) => socket.send(stringifyMessage({ type: 'connection_init' })))
  assert.deepEqual(await ended, [4429, 'Too many initialisation requests'])
})
