// The example `json_rpc` with the packages `json-rpc-2.0` and `rpc-websockets` as they are.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, afterEach, before, describe, test } from 'node:test'
import rpc from 'json-rpc-2.0'
import { Client } from 'rpc-websockets'
import { WebSocket } from 'ws'
import { Example, TEST } from '../browser/example.mjs'

const { JSONRPCClient, JSONRPCServer, JSONRPCServerAndClient, createJSONRPCNotification, createJSONRPCRequest } = rpc
let example, url
const opened = []

before(async () => {
  example = await Example.start('json_rpc')
  url = example.url.replace('http', 'ws') + '/rpc'
}, TEST)
afterEach(() => { for (const client of opened.splice(0)) client.close() })
after(async () => { assert.equal(await example?.stop(), 0) }, TEST)

describe('json-rpc-2.0', () => {
  /** The package has no transport: it sends and receives values. */
  async function open() {
    const socket = new WebSocket(url)
    opened.push(socket)
    await once(socket, 'open')
    const it = new JSONRPCServerAndClient(new JSONRPCServer(), new JSONRPCClient(request => socket.send(JSON.stringify(request))))
    socket.on('message', text => it.receiveAndSend(JSON.parse(text)))
    return it
  }

  test('methods are called by name and by place', TEST, async () => {
    const it = await open()
    assert.equal(await it.request('subtract', { minuend: 42, subtrahend: 23 }), 19)
    assert.equal(await it.request('subtract', [23, 42]), -19)
  })

  test('errors have the codes of JSON-RPC, and those of the application', TEST, async () => {
    const it = await open()
    await assert.rejects(it.request('divide', [1, 0]), { code: -32601 })
    await assert.rejects(it.request('subtract', { minuend: '42', subtrahend: 23 }), error => {
      assert.equal(error.code, -32602)
      assert.equal(error.data.code, 'invalid_payload')
      return true
    })
    await assert.rejects(it.request('subtract', [-9223372036854775000, 9000]), { code: -32050, message: 'the difference is out of range' })
  })

  test('what the server notifies is handled, and a notification is not answered', TEST, async () => {
    const [ann, bob] = [await open(), await open()]
    const heard = new Promise(resolve => bob.addMethod('announced', resolve))
    assert.deepEqual(await bob.request('rpc.on', ['announced']), { announced: 'ok' })
    ann.notify('announce', { text: 'hello' })
    assert.deepEqual(await heard, { text: 'hello' })
    assert.equal(await ann.request('announce', ['again']), 1)
  })

  test('the server asks back, and reads the answer or the error', TEST, async () => {
    const [ann, nobody] = [await open(), await open()]
    ann.addMethod('name', () => 'Ann')
    assert.equal(await ann.request('greet', ['Hello']), 'Hello, Ann')
    await assert.rejects(nobody.request('greet', ['Hello']), error => {
      assert.deepEqual([error.code, error.data.code], [-32000, 'greet.nameless'])
      // What the package answers to a method that it does not have.
      assert.match(error.message, /Method not found/)
      return true
    })
  })

  test('a batch is answered in one array', TEST, async () => {
    const it = await open()
    const answers = await it.requestAdvanced([
      createJSONRPCRequest(1, 'subtract', [5, 3]),
      createJSONRPCNotification('announce', ['nobody reads it']),
      createJSONRPCRequest('two', 'nope'),
    ])
    assert.deepEqual(answers.map(({ id, result, error }) => [id, result ?? error.code]), [[1, 2], ['two', -32601]])
  })
})

describe('rpc-websockets', () => {
  async function open() {
    const client = new Client(url, { reconnect: false })
    opened.push(client)
    await once(client, 'open')
    return client
  }

  test('methods are called by name and by place, and fail with codes', TEST, async () => {
    const client = await open()
    assert.equal(await client.call('subtract', { minuend: 42, subtrahend: 23 }), 19)
    assert.equal(await client.call('subtract', [23, 42]), -19)
    await assert.rejects(client.call('divide', [1, 0]), error => error.code === -32601)
    await assert.rejects(client.call('subtract', [1]), error => error.code === -32602)
  })

  test('who has subscribed is notified, until it unsubscribes', TEST, async () => {
    const [ann, bob] = [await open(), await open()]
    assert.deepEqual(await bob.subscribe('announced'), { announced: 'ok' })
    const heard = once(bob, 'announced')
    await ann.notify('announce', { text: 'hello' })
    assert.deepEqual(await heard, [{ text: 'hello' }])
    assert.deepEqual(await bob.unsubscribe('announced'), { announced: 'ok' })
    assert.equal(await ann.call('announce', { text: 'nobody reads it' }), 0)
    await assert.rejects(bob.subscribe('nonsense'), error => error.code === -32602)
  })
})
