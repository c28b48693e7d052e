// A page that runs no script, because it is frozen or at a breakpoint, is not disconnected: the browser itself answers the server's
// pings. In Chromium, against a server that pings each second.

import { createHash, randomBytes } from 'node:crypto'
import net from 'node:net'
import assert from 'node:assert/strict'
import { test, before, after } from 'node:test'
import { Example } from '../browser/example.mjs'
import { bundle } from './support/bundle.mjs'
import { launch } from './support/chromium.mjs'
import { Proxy } from './support/proxy.mjs'
import { Tab } from './support/tab.mjs'

const TEST = { timeout: 120_000 }
const script = bundle('page.ts')

let auction, proxy, browser, patient
before(async () => {
  auction = await Example.start('auction', { PING_MS: '1000', PONG_MS: '4000' })
  proxy = await Proxy.to(auction.url)
  browser = await launch()
  // Since 2025 Chromium keeps the sockets of a frozen page, and ends them itself when the page goes on. This one does not.
  patient = await launch(['--disable-features=DisconnectWebSocketOnBFCache'])
})
after(async () => {
  await patient?.close()
  await browser?.close()
  proxy?.close()
  await auction?.stop()
})

/** A page that is in its room, and hears what rings there. */
async function inside(browser, retry) {
  const tab = await Tab.open(browser, proxy.url, script)
  tab.pings = 0
  tab.on['Network.webSocketFrameSent'] = ({ response }) => { if (response.payloadData === '{"type":"$ping","ref":0}') tab.pings++ }
  await tab.send('Network.enable')
  await tab.evaluate(retry => {
    window.channel = new channels.Channel('/bell', { retry }).open()
    Object.assign(window, { joined: [], states: [], heard: [], turns: 0 })
    channel.on('$joined', ({ id }) => joined.push(id))
    channel.on('$status', ({ state }) => states.push(state))
    channel.on('rang', ({ times }) => heard.push(times))
    setInterval(() => turns++, 10)
  }, retry)
  await tab.until(() => joined.length === 1 && turns > 0)
  return tab
}

/** The connection is the one that it was. */
async function isStillThere(tab) {
  await tab.evaluate(() => channel.request('ring', { times: 9 }))
  const { joined, states, heard } = await tab.evaluate(() => ({ joined, states, heard }))
  assert.equal(joined.length, 1)
  assert.deepEqual([states, heard], [['open'], [9]])
  await tab.close()
}

/** A client that reads all and answers nothing, until the server ends it. What it heard: the server's frames, by their opcodes. */
function mute() {
  const key = randomBytes(16).toString('base64')
  const { port } = new URL(auction.url)
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0)
    const socket = net.connect(Number(port), '127.0.0.1')
    socket.write(`GET /bell HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`)
    socket.on('data', data => { bytes = Buffer.concat([bytes, data]) })
    socket.on('error', reject)
    socket.on('close', () => {
      const head = bytes.indexOf('\r\n\r\n') + 4
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      assert.ok(bytes.subarray(0, head).toString().includes(accept), bytes.toString())
      const opcodes = []
      for (let at = head; at < bytes.length; at += 2 + (bytes[at + 1] & 127)) opcodes.push(bytes[at] & 15)
      resolve(opcodes)
    })
  })
}

const [PING, TEXT] = [9, 1]

/** In this time who gives no pong is pinged and disconnected; twice, for the server spreads its pings a little. */
async function twoWhoAreMuteAreDisconnected() {
  for (let i = 0; i < 2; i++) {
    const heard = await mute()
    assert.equal(heard.filter(opcode => opcode === PING).length, 1, `${heard}`)
    assert.ok(!heard.includes(TEXT), `${heard}`) // it has offered nothing, and is told nothing
  }
}

/** Hidden, as Chromium freezes no other, and frozen, while two who give no pong are disconnected. */
async function freeze(tab) {
  await tab.evaluate(() => {
    window.events = []
    for (const type of ['freeze', 'resume']) document.addEventListener(type, ({ isTrusted }) => events.push([type, isTrusted]))
  })
  await tab.window('minimized')
  await tab.until(() => document.visibilityState === 'hidden')
  await tab.send('Page.setWebLifecycleState', { state: 'frozen' })
  await tab.until(() => events.length === 1)
  const read = new Map([...proxy.links].map(link => [link, link.client.bytesRead]))
  const turns = await tab.evaluate(() => turns)
  await twoWhoAreMuteAreDisconnected()
  assert.equal(await tab.evaluate(() => turns), turns, 'no timer has run')
  assert.equal(tab.pings, 0)
  const answering = [...proxy.links].filter(link => link.client.bytesRead > read.get(link))
  assert.equal(answering.length, 1, 'its connection is still there, and the browser has answered on it')
}

async function unfreeze(tab) {
  await tab.send('Page.setWebLifecycleState', { state: 'active' })
  await tab.until(() => events.length === 2)
  assert.deepEqual(await tab.evaluate(() => events), [['freeze', true], ['resume', true]])
}

test('a frozen page is not disconnected although it is pinged, and asks when it goes on', TEST, async () => {
  const tab = await inside(patient, { silence: 1e9 }) // no timer of its own would ask
  await freeze(tab)
  await unfreeze(tab)
  await until(() => tab.pings > 0)
  await isStillThere(tab)
})

test('a page whose browser ends the connection when it goes on is back as soon as it is shown', TEST, async () => {
  const tab = await inside(browser, { silence: 1e9, base: 50, uptime: 50 })
  await freeze(tab)
  await unfreeze(tab)
  await tab.window('normal')
  await tab.until(() => document.visibilityState === 'visible')
  await tab.evaluate(async () => { while (!(await channels.attempt(channel.request('ring', { times: 9 }))).ok); })
  const { joined, states, heard } = await tab.evaluate(() => ({ joined, states, heard }))
  const isAnother = joined.length === 2 // else an older Chromium
  assert.deepEqual([states, heard], [isAnother ? ['open', 'waiting', 'connecting', 'open'] : ['open'], [9]])
  assert.equal(new Set(joined).size, isAnother ? 2 : 1)
  await tab.close()
})

test('a page at a breakpoint is not disconnected although it is pinged, and asks when it goes on', TEST, async () => {
  const tab = await inside(browser, { silence: -1500 }) // half a second of silence
  const paused = new Promise(resolve => { tab.on['Debugger.paused'] = resolve })
  await tab.send('Debugger.enable')
  await tab.evaluate(() => { setTimeout(() => { window.before = turns; debugger; window.after = turns }) })
  await paused
  await twoWhoAreMuteAreDisconnected()
  const { pings } = tab
  await tab.send('Debugger.resume')
  await until(() => tab.pings > pings)
  assert.equal(await tab.evaluate(() => after - before), 0, 'no timer has run')
  await isStillThere(tab)
})

async function until(holds) {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 20))
}
