// The example `phoenix` with the package `phoenix` as it is.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { Socket } from 'phoenix'
import { WebSocket } from 'ws'
import { Example, TEST } from '../browser/example.mjs'

let example
const opened = []

before(async () => { example = await Example.start('phoenix') }, TEST)
afterEach(() => { for (const socket of opened.splice(0)) socket.disconnect() })
after(async () => { assert.equal(await example?.stop(), 0) }, TEST)

/** A socket to a room, and a channel of it, which has not joined. */
function open(room, params, { topic = `room:${room}`, ...options } = {}) {
  const socket = new Socket(`${example.url.replace('http', 'ws')}/room/${room}`, { transport: WebSocket, ...options })
  socket.connect()
  opened.push(socket)
  return { socket, channel: socket.channel(topic, params) }
}

/** How a push ends: its status and its response. */
const reply = push => new Promise(resolve => {
  for (const status of ['ok', 'error', 'timeout']) push.receive(status, response => resolve([status, response]))
})

const joined = async it => {
  const [status] = await reply(it.channel.join())
  assert.equal(status, 'ok')
  return it
}

/** The next event of this name. */
const next = (channel, event) => new Promise(resolve => {
  const binding = channel.on(event, payload => {
    channel.off(event, binding)
    resolve(payload)
  })
})

test('who joins is welcomed, and what one pushes is replied to and reaches all', TEST, async () => {
  const ann = open(1, { name: 'Ann' })
  assert.deepEqual(await reply(ann.channel.join()), ['ok', { here: 1 }])
  const bob = open(1, { name: 'Bob' })
  assert.deepEqual(await reply(bob.channel.join()), ['ok', { here: 2 }])
  const heard = Promise.all([ann, bob].map(({ channel }) => next(channel, 'said')))
  assert.deepEqual(await reply(ann.channel.push('say', { body: 'Hello 🦀' })), ['ok', {}])
  assert.deepEqual(await heard, [{ by: 'Ann', body: 'Hello 🦀' }, { by: 'Ann', body: 'Hello 🦀' }])
})

test('a join that is refused, or whose params do not fit, is told why', TEST, async () => {
  const nobody = open(2, { name: ' ' })
  const [status, response] = await reply(nobody.channel.join())
  assert.equal(status, 'error')
  assert.equal(response.reason, 'room.nameless')
  assert.equal(response.message, 'room 2 is for people with names')
  assert.equal(nobody.channel.state, 'errored')

  const [badly, why] = await reply(open(2, { nam: 'Ann' }).channel.join())
  assert.deepEqual([badly, why.reason], ['error', 'invalid_payload'])
})

test('another topic than that of the path is not matched', TEST, async () => {
  const lost = open(3, { name: 'Ann' }, { topic: 'room:4' })
  const [status, response] = await reply(lost.channel.join())
  assert.deepEqual([status, response.reason], ['error', 'unmatched topic'])
})

test('an event without a handler and a payload that does not fit are errors, and the channel stays', TEST, async () => {
  const { channel } = await joined(open(5, { name: 'Ann' }))
  const [unknown, { reason }] = await reply(channel.push('sing', { body: 'la' }))
  assert.deepEqual([unknown, reason], ['error', 'unmatched event'])
  const [bad, response] = await reply(channel.push('say', { body: 7 }))
  assert.deepEqual([bad, response.reason], ['error', 'invalid_payload'])
  assert.deepEqual(await reply(channel.push('say', { body: 'still here' })), ['ok', {}])
  assert.equal(channel.state, 'joined')
})

test('heartbeats are answered', TEST, async () => {
  const { socket } = await joined(open(6, { name: 'Ann' }))
  // The package's own: the topic `phoenix`, without a join.
  const milliseconds = await new Promise(resolve => assert.ok(socket.ping(resolve)))
  assert.ok(milliseconds >= 0)
})

test('who leaves is answered and is closed', TEST, async () => {
  const { channel } = await joined(open(7, { name: 'Ann' }))
  const closed = new Promise(resolve => channel.onClose(resolve))
  assert.deepEqual(await reply(channel.leave()), ['ok', {}])
  await closed
  assert.equal(channel.state, 'closed')
})

test('a connection that is cut comes back and joins again by itself', TEST, async () => {
  const ann = open(8, { name: 'Ann' }, { reconnectAfterMs: () => 1, rejoinAfterMs: () => 1 })
  let joins = 0
  const again = new Promise(resolve => {
    ann.channel.join().receive('ok', () => {
      joins += 1
      // As when a cable is pulled: no Close is sent.
      if (joins === 1) ann.socket.conn.terminate()
      else resolve()
    })
  })
  await again
  const heard = next(ann.channel, 'said')
  assert.deepEqual(await reply(ann.channel.push('say', { body: 'back' })), ['ok', {}])
  assert.deepEqual(await heard, { by: 'Ann', body: 'back' })
})
