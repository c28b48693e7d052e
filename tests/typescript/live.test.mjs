// Against the examples `chat` and `secure`, through a proxy that can be broken. In Node 22; Node 20 has no WebSocket, and takes `ws`.

import { once } from 'node:events'
import assert from 'node:assert/strict'
import { test, before, after } from 'node:test'
import { WebSocketServer, WebSocket as Ws } from 'ws'
import { Example, TEST } from '../browser/example.mjs'
import { attempt, Channel, segment } from './support/core.mjs'
import { Chat, next, until } from './support/client.mjs'
import { Proxy } from './support/proxy.mjs'

const WebSocket = globalThis.WebSocket ?? Ws
const retry = { base: 20, cap: 100, uptime: 20 }

let chat, proxy
before(async () => {
  chat = await Example.start('chat')
  proxy = await Proxy.to(chat.url)
})
after(async () => {
  proxy.close()
  await chat.stop()
})
const open = (room, options = {}) => new Chat({ room_id: room }, { url: proxy.url, retry, WebSocket, ...options }).open()
const direct = () => ({ url: chat.url })

test('a request has its answer, a message reaches everybody', TEST, async () => {
  const [ann, bob] = [open('one'), open('one')]
  const welcome = await next(ann, 'system')
  assert.match(welcome.user_id, /^user_/)
  assert.equal((await ann.ping()).type, 'pong')
  await until(bob, 'open')
  const heard = next(bob, 'chat_message')
  assert.equal(await ann.chatMessage({ message: 'hello' }), undefined)
  assert.equal((await heard).message, 'hello')
  ann.close(); bob.close()
})

test('what is refused is a fault with its code', TEST, async () => {
  const ann = open('two')
  const { ok, error } = await attempt(ann.chatMessage({ message: '' }))
  assert.deepEqual([ok, error.kind, error.code, error.message], [false, 'fault', 'validation', 'Message cannot be empty'])
  ann.close()
})

test('it reconnects; what was under way is lost, what waited is sent in order', TEST, async () => {
  const ann = open('three'), bob = open('three', direct()) // whose connection is never reset
  await Promise.all([until(ann, 'open'), until(bob, 'open')])
  const texts = []
  bob.on('chat_message', m => texts.push(m.message))
  proxy.mode = 'refuse'
  proxy.reset()
  await until(ann, 'waiting')
  const said = [1, 2, 3].map(n => ann.chatMessage({ message: `${n}` }))
  assert.equal(ann.send('typing_start', {}), false)
  proxy.mode = 'pass'
  await Promise.all(said)
  await bob.ping()
  assert.deepEqual(texts, ['1', '2', '3'])
  proxy.mode = 'silent'
  const lost = attempt(ann.ping())
  proxy.reset()
  assert.equal((await lost).error.kind, 'lost')
  proxy.mode = 'pass'
  ann.close(); bob.close()
})

test('a server that is killed and started again', TEST, async () => {
  let server = await Example.start('chat')
  const line = await Proxy.to(server.url)
  const ann = open('four', { url: line.url })
  await until(ann, 'open')
  server.server.kill('SIGKILL')
  await server.ended
  await until(ann, 'waiting')
  const asked = ann.ping()
  server = await Example.start('chat')
  line.target = Number(new URL(server.url).port)
  assert.equal((await asked).type, 'pong')
  ann.close()
  line.close()
  await server.stop()
})

test('a server that stops says so, and its clients are back at the next', TEST, async () => {
  let server = await Example.start('chat')
  const line = await Proxy.to(server.url)
  const ann = new Chat({ room_id: 'five' }, { url: line.url, WebSocket })
  const events = []
  for (const type of ['$joined', '$outdated']) ann.on(type, event => events.push(event))
  ann.open()
  await until(ann, 'open')
  const ids = new Set()
  const waiting = until(ann, 'waiting')
  await server.stop()
  const { last, until: at } = await waiting
  assert.deepEqual([last.code, at - Date.now() <= 1000], [1001, true])
  server = await Example.start('chat')
  line.target = Number(new URL(server.url).port)
  await until(ann, 'open')
  // The server knows this client, and that it was not built from its messages.
  assert.deepEqual(events.map(event => event.type ?? event.how), ['$joined', 'unknown', '$joined', 'unknown'])
  const joined = events.filter(event => event.type)
  assert.deepEqual(joined.map(({ fresh }) => fresh), ['first', 'replaced'])
  for (const { id, outdated } of joined) {
    assert.deepEqual([id.length > 8, outdated], [true, 'unknown'])
    ids.add(id)
  }
  assert.equal(ids.size, 2)
  ann.close()
  line.close()
  await server.stop()
})

test('a network that swallows everything is noticed', TEST, async () => {
  const ann = open('six', { retry: { ...retry, silence: -1500, probe: 200 } }) // asked for after half a second
  await until(ann, 'open')
  proxy.mode = 'silent'
  const { last } = await until(ann, 'waiting')
  assert.deepEqual([last.code, last.reason], [1006, 'no answer'])
  proxy.mode = 'pass'
  await until(ann, 'open')
  assert.equal((await ann.ping()).type, 'pong')
  ann.close()
})

test('an iterator goes on over connections and ends with the channel', TEST, async () => {
  const ann = open('seven'), bob = open('seven', direct())
  await Promise.all([until(ann, 'open'), until(bob, 'open')])
  const texts = []
  const reading = (async () => { for await (const m of ann.messages('chat_message')) texts.push(m.message) })()
  const first = next(ann, 'chat_message')
  await bob.chatMessage({ message: 'a' })
  await first
  proxy.reset()
  await until(ann, 'waiting')
  await until(ann, 'open')
  await bob.chatMessage({ message: 'b' })
  await ann.ping()
  ann.close(); bob.close()
  await reading
  assert.deepEqual(texts, ['a', 'b'])
})

test('an iterator that is not read throws once 1024 messages wait', TEST, async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'channels.1.json' })
  await once(server, 'listening')
  server.on('connection', socket => { for (let n = 0; n < 1500; n++) socket.send(JSON.stringify({ type: 'tick', n })) })
  const ann = open('a', { url: `http://127.0.0.1:${server.address().port}` })
  const all = ann.messages('tick')
  await new Promise(resolve => ann.on('tick', m => m.n === 1499 && resolve()))
  const read = []
  await assert.rejects(async () => { for await (const m of all) read.push(m.n) }, { code: 'overflow' })
  assert.deepEqual([read.length, read[0], read.at(-1)], [1024, 0, 1023])
  ann.close()
  server.close()
})

class Secure extends Channel {
  constructor({ resource_id }, options) { super(`/secure/${segment(resource_id)}`, options) }
}

test('a token that is refused, renewed, expires, and one whose right is gone', TEST, async () => {
  const example = await Example.start('secure')
  const login = async (user, lifetime) => (await fetch(`${example.url}/login`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user, lifetime }),
  })).text()
  const whys = []
  const client = (token, resource_id = 'handbook') => new Secure({ resource_id }, { url: example.url, retry, WebSocket, token })

  // Refused, and then a good one; it is kept over a reconnect.
  const ann = client(async why => { whys.push(why); return why === 'first' ? 'stale' : login('ada', 600) }).open()
  assert.equal((await next(ann, 'welcome')).user, 'ada')
  assert.deepEqual(whys.splice(0), ['first', 'refused'])
  ann.close()

  // Renewed before it expires: one connection, and the server says until when the next one holds.
  const bob = client(async why => { whys.push(why); return login('ben', why === 'first' ? 3 : 600) })
  let connections = 0
  bob.on('$status', s => { if (s.state === 'open') connections++ })
  bob.open()
  const { expires_at } = await next(bob, 'welcome')
  // One that enters later with a token that is not renewed, and expires no sooner, is out by then.
  let asked = 0
  const late = client(() => asked++ ? Promise.reject(new Error('offline')) : login('eve', 3)).open()
  assert.ok((await next(late, 'welcome')).expires_at >= expires_at)
  await until(late, 'waiting')
  late.close()
  assert.equal(await bob.request('write', { text: 'still here' }), undefined)
  assert.deepEqual([whys.splice(0), connections], [['first', 'expiring'], 1])
  bob.close()

  // Not renewed: 4401, asked for anew, and back.
  const eve = client(async why => { whys.push(why); if (why === 'expiring') throw new Error('offline'); return login('eve', why === 'first' ? 3 : 600) }).open()
  await until(eve, 'open')
  await next(eve, '$status')
  await until(eve, 'open')
  assert.deepEqual(whys.splice(0), ['first', 'expiring', 'refused'])
  assert.equal((await attempt(eve.request('write', { text: 'x' }))).error.code, 'forbidden')
  eve.close()

  // Who has no right is told so, once.
  const mallory = client(async why => { whys.push(why); return login('eve', 600) }, 'payroll').open()
  const { last } = await until(mallory, 'closed')
  assert.deepEqual([last.code, last.fault.code, whys], [4403, 'forbidden', ['first']])
  await example.stop()
})

test('a path that is none is an error, and waits are bounded', TEST, async () => {
  assert.throws(() => open('..'), RangeError)
  assert.throws(() => new Chat({ room_id: 'a' }, { url: 'no address' }).open(), TypeError)
  const ann = open('eight')
  await assert.rejects(ann.ping({ signal: AbortSignal.abort(new Error('no')) }), /no/)
  await until(ann, 'open')
  proxy.mode = 'refuse'
  proxy.reset()
  await until(ann, 'waiting')
  assert.equal((await attempt(ann.ping({ timeout: 50 }))).error.kind, 'unsent')
  ann.close()
  proxy.mode = 'pass'
  assert.equal((await attempt(ann.ping())).error.kind, 'closed')
})
