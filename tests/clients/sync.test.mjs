// The example `sync` with the packages `yjs` and `y-websocket` as they are.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, afterEach, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { Example, TEST } from '../browser/example.mjs'

let example
const opened = []

before(async () => { example = await Example.start('sync') }, TEST)
afterEach(() => {
  for (const { provider, document } of opened.splice(0)) {
    provider.destroy()
    document.destroy()
  }
})
after(async () => { assert.equal(await example?.stop(), 0) }, TEST)

/** A document and its provider. They learn of each other by the server alone, though they are in one process. */
function open(name, document = new Y.Doc()) {
  const provider = new WebsocketProvider(example.url.replace('http', 'ws') + '/sync', name, document, { WebSocketPolyfill: WebSocket, disableBc: true })
  const it = { provider, document, text: document.getText('text'), list: document.getArray('list'), presence: provider.awareness }
  opened.push(it)
  return it
}

/** Waits until it holds; looks when the event is emitted. */
function until(source, event, holds) {
  return new Promise(resolve => {
    const look = () => {
      if (!holds()) return
      source.off(event, look)
      resolve()
    }
    source.on(event, look)
    look()
  })
}

/** Waits until all have the same text, and it is one that is expected. */
const converge = (all, isExpected = () => true) => Promise.race(all.map(({ document }) => until(document, 'update', () =>
  all.every(({ text }) => text.toString() === all[0].text.toString()) && isExpected(all[0].text.toString()))))

const synced = ({ provider }) => until(provider, 'sync', () => provider.synced)

/** As when a cable is pulled: no Close is sent. The provider reconnects by itself. */
const cut = ({ provider }) => provider.ws.terminate()

/** Leaves, and waits until the server has read all that was sent before. */
async function leave({ provider }) {
  const closed = once(provider.ws, 'close')
  provider.destroy()
  await closed
}

const names = ({ presence }) => [...presence.getStates().values()].map(({ name }) => name).filter(Boolean).sort()
const sees = (it, ...expected) => until(it.presence, 'change', () => names(it).join() === expected.join())

test('two documents converge after both were written while one was cut off', TEST, async () => {
  const [ann, bob] = [open('cut'), open('cut')]
  await Promise.all([ann, bob].map(synced))
  ann.text.insert(0, 'A crab 🦀 walks.')
  await until(bob.document, 'update', () => bob.text.length === ann.text.length)

  bob.provider.disconnect()
  ann.text.insert(ann.text.length, ' It is Ann’s.')
  ann.list.push(['ann', { deep: [1, 2.5, null] }])
  bob.text.insert(7, '🦞 and ')
  bob.text.delete(bob.text.length - 7, 6)
  bob.list.push(['bob'])
  assert.notEqual(ann.text.toString(), bob.text.toString())
  bob.provider.connect()
  await converge([ann, bob], text => text.includes('🦞') && text.includes('Ann’s'))
  await Promise.all([ann, bob].map(it => until(it.document, 'update', () => it.list.length === 3)))
  assert.ok(!ann.text.toString().includes('walks'), 'what was deleted meanwhile is gone')
  assert.deepEqual(ann.document.toJSON(), bob.document.toJSON())

  // Cut without a Close, in the middle of writing: the provider is back by itself.
  for (const it of [ann, bob]) cut(it)
  for (let n = 0; n < 50; n++) [ann, bob][n % 2].text.insert(n, `${n % 10}`)
  await converge([ann, bob])
  const cat = open('cut')
  await converge([ann, bob, cat])
  assert.deepEqual(cat.document.toJSON(), bob.document.toJSON())
})

test('who is here is seen by the others, is seen again after a cut, and is not when they have left', TEST, async () => {
  const [ann, bob] = [open('people'), open('people')]
  ann.presence.setLocalStateField('name', 'ann')
  bob.presence.setLocalStateField('name', 'bob')
  await Promise.all([ann, bob].map(it => sees(it, 'ann', 'bob')))
  bob.presence.setLocalStateField('cursor', 7)
  await until(ann.presence, 'change', () => ann.presence.getStates().get(bob.document.clientID).cursor === 7)

  // Without the timer by which clients announce themselves anew every 15 seconds: here the server makes them do it.
  for (const it of [ann, bob]) clearInterval(it.presence._checkInterval)
  cut(bob)
  await sees(ann, 'ann')
  await Promise.all([ann, bob].map(it => sees(it, 'ann', 'bob')))
  bob.provider.disconnect()
  await sees(ann, 'ann')
  bob.provider.connect()
  await Promise.all([ann, bob].map(it => sees(it, 'ann', 'bob')))

  const cat = open('people')
  await sees(cat, 'ann', 'bob')
  await leave(bob)
  await Promise.all([ann, cat].map(it => sees(it, 'ann')))
})

test('a document of 2 MB opens for a newcomer when nobody else is there', TEST, async () => {
  const writer = open('large')
  await synced(writer)
  for (let page = 0; page < 200; page++) writer.text.insert(writer.text.length, `${page}: ${'lorem ipsum '.repeat(870)}\n`)
  const written = writer.text.toString()
  assert.ok(written.length > 2_000_000)
  await leave(writer)

  const reader = open('large')
  await synced(reader)
  assert.equal(reader.text.toString(), written)
})

test('a document that is too large is refused with a reason, and the provider does not come again', TEST, async () => {
  const writer = open('too large')
  writer.text.insert(0, 'x'.repeat(9_000_000))
  const [close] = await once(writer.provider, 'closed')
  assert.deepEqual(close, { code: 4413, reason: 'the document would be too large' })
  assert.equal(writer.provider.shouldConnect, false)
})
