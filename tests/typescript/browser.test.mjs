// In Chromium, on a page of the example `chat`: the page's own means of losing a connection, and React.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, before, after } from 'node:test'
import { chromium } from 'playwright-core'
import { Example } from '../browser/example.mjs'
import { bundle } from './support/bundle.mjs'

const TEST = { timeout: 60_000 }
const scripts = { client: bundle('page.ts'), app: bundle('app.tsx') }

let chat, browser
before(async () => {
  chat = await Example.start('chat')
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim(),
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--enable-features=BackForwardCache',
    ],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
})
after(async () => {
  await browser.close()
  await chat.stop()
})

/** The example's page, emptied, with this script. It is the server's, for Chromium lets no page without an address connect to this machine. */
async function page(script) {
  const context = await browser.newContext()
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  await page.goto(chat.url)
  await page.evaluate(() => document.body.replaceChildren())
  const complaints = []
  page.on('console', m => { if (m.type() === 'error' || m.type() === 'warning') complaints.push(m.text()) })
  page.on('pageerror', error => complaints.push(error.message))
  if (script) await page.addScriptTag({ content: script })
  return { page, context, complaints, state: state => page.waitForFunction(state => channel.status.state === state, state) }
}

const open = options => {
  window.channel = new channels.Chat({ room_id: 'general' }, { retry: { base: 50, cap: 200, uptime: 50, ...options.retry }, ...options.more }).open()
  window.states = []
  window.welcomed = new Promise(resolve => channel.on('system', resolve, { once: true }))
  channel.on('$status', s => states.push(s.state))
}

test("the page's own host, an answer, a fault; a server that is stopped and goes on", TEST, async () => {
  const { page: p, state, context } = await page(scripts.client)
  await p.evaluate(open, { retry: { silence: -1500, probe: 300 } })
  const first = await p.evaluate(async () => {
    const welcome = await welcomed
    const bad = await channels.attempt(channel.chatMessage({ message: '' }))
    return [welcome.message, (await channel.ping()).type, bad.error.code]
  })
  assert.deepEqual(first, ['Welcome to room general', 'pong', 'validation'])
  await chat.whileItHangs(() => state('connecting'))
  await state('open')
  assert.equal(await p.evaluate(async () => (await channel.ping()).type), 'pong')
  await p.evaluate(() => channel.close())
  await context.close()
})

test('hidden and lost: one try in one to two minutes; shown again: at once', TEST, async () => {
  const { page: p, state, context } = await page(scripts.client)
  await p.evaluate(open, {})
  await state('open')
  await p.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
  })
  const { state: waits, why, wait } = await p.evaluate(() => ({ ...channel.status, wait: channel.status.until - Date.now() }))
  assert.deepEqual([waits, why], ['waiting', 'hidden'])
  assert.ok(wait > 55_000 && wait <= 120_000, `${wait}`)
  await p.evaluate(() => { delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange')) })
  await state('open')
  await context.close()
})

test('offline: it is noticed, it waits, and it is back with the network', TEST, async () => {
  const { page: p, state, context } = await page(scripts.client)
  await p.evaluate(open, {})
  await state('open')
  await context.setOffline(true)
  // Chromium's emulation leaves open sockets alone, as some networks do: the page ends this one.
  await p.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })))
  const { why, wait } = await p.evaluate(() => ({ ...channel.status, wait: channel.status.until - Date.now() }))
  assert.equal(why, 'offline')
  assert.ok(wait > 55_000, `${wait}`)
  await context.setOffline(false)
  await state('open')
  await context.close()
})

test('kept for `back`: closed while it is away, and dialled when it is shown', TEST, async () => {
  const { page: p, state, context } = await page(scripts.client)
  await p.evaluate(open, {})
  await state('open')
  await p.evaluate(() => { window.kept = true; addEventListener('pageshow', e => { window.persisted = e.persisted }) })
  await p.goto(`${chat.url}/?other`)
  await p.goBack({ waitUntil: 'commit', timeout: 3000 }).catch(() => {})
  await p.waitForFunction(() => window.kept === true && window.persisted === true)
  await state('open')
  assert.ok((await p.evaluate(() => states)).includes('waiting'))
  await context.close()
})

test('a page that stood still asks whether the connection still is one, and keeps it', TEST, async () => {
  const { page: p, state, context } = await page(scripts.client)
  await p.evaluate(open, { retry: { silence: -1500, probe: 300 } })
  await state('open')
  let asked = 0
  const cdp = await context.newCDPSession(p)
  await cdp.send('Network.enable')
  cdp.on('Network.webSocketFrameSent', ({ response }) => { if (response.payloadData === '{"type":"$ping","ref":0}') asked++ })
  // As at a breakpoint: no script runs, for longer than silence is borne.
  await cdp.send('Debugger.enable')
  const paused = new Promise(resolve => cdp.once('Debugger.paused', resolve))
  await cdp.send('Debugger.pause')
  await paused
  await new Promise(resolve => setTimeout(resolve, 1500))
  await cdp.send('Debugger.disable')
  await until(() => asked > 0)
  await p.evaluate(() => { channel.ping() })
  // What a browser says of a page that it had frozen.
  const before = asked
  await p.evaluate(() => document.dispatchEvent(new Event('resume')))
  await until(() => asked > before)
  assert.equal(await p.evaluate(async () => (await channel.ping()).type), 'pong')
  assert.deepEqual(await p.evaluate(() => states.filter(state => state === 'waiting')), [])
  await context.close()
})

test('React, strict mode, two components: one socket, no stale closure, closed a second after the last', TEST, async () => {
  const { page: p, complaints, context } = await page()
  let sockets = 0, alive = 0
  p.on('websocket', socket => { sockets++; alive++; socket.on('close', () => alive--) })
  await p.addScriptTag({ content: scripts.app })
  await p.waitForSelector('main[data-state=open]')
  const shows = text => p.waitForFunction(text => [...document.querySelectorAll('output')].every(each => each.textContent === text), text)
  await p.click('.say')
  await shows('a:0')
  for (const each of await p.locator('.prefix').all()) await each.click()
  await p.locator('.say').first().click()
  await shows('a:0,b:1')
  assert.equal(await p.getAttribute('main', 'data-said'), '0,1')
  assert.equal(sockets, 1)
  await p.click('#toggle')
  await p.click('#toggle') // a remount within a second finds it open
  await p.waitForSelector('main[data-state=open]')
  assert.deepEqual([sockets, alive], [1, 1])
  await p.click('#other') // another key is another room
  await p.waitForFunction(() => document.querySelector('main').dataset.said === '')
  await p.waitForSelector('main[data-state=open]')
  await until(() => sockets === 2 && alive === 1)
  await p.click('#toggle')
  assert.equal(alive, 1)
  await until(() => alive === 0)
  assert.deepEqual([sockets, complaints], [2, []])
  await context.close()
})

async function until(holds) {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 20))
}
