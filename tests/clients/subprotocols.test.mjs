// The example `subprotocols` with the package `ws`, which sees of each handshake what a page sees.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { Example, TEST } from '../browser/example.mjs'
import { SEEN } from '../browser/subprotocols.mjs'

let example

before(async () => { example = await Example.start('subprotocols') }, TEST)
after(async () => { assert.equal(await example?.stop(), 0) }, TEST)

/** What the client sees of one handshake, in the words of the example's page. A client is in once it was sent something. */
function tried(path, offers) {
  return new Promise(resolve => {
    const socket = new WebSocket(example.url.replace('http', 'ws') + path, offers)
    socket.on('message', () => {
      resolve(socket.protocol ? `in as ${socket.protocol}` : 'in without a name')
      socket.close()
    })
    // What is wrong, for people; a `close` with 1006 comes after it.
    socket.on('error', () => {})
    socket.on('close', (code, reason) => resolve(`closed ${code} ${reason}`.trim()))
  })
}

test('what a client sees of its offers is what a page sees', TEST, async () => {
  const seen = await Promise.all(SEEN.map(async ([path, offers]) => [path, offers, await tried(path, offers ? offers.split(', ') : [])]))
  assert.deepEqual(seen, SEEN)
})

test('who offers channels.hello hears of the framework, and nobody else does', TEST, async () => {
  const heard = async offers => {
    const socket = new WebSocket(example.url.replace('http', 'ws') + '/plain', offers)
    const types = []
    socket.on('message', data => {
      const { type, ref } = JSON.parse(data)
      types.push(type)
      if (type === 'welcome') socket.send('{"type":"$ping","ref":5}')
      else if (ref === 5) socket.close()
    })
    await once(socket, 'close')
    return [socket.protocol, ...types]
  }
  const ours = 'channels.1.json'
  const knowing = [ours, '$hello', '$joined', 'welcome', '$pong']
  assert.deepEqual(await heard([ours, 'channels.hello']), knowing)
  assert.deepEqual(await heard(['channels.hello.0123456789abcdef', ours, 'channels.token.abc']), knowing)
  assert.deepEqual(await heard([ours]), [ours, 'welcome', 'error'])
})
