// In Chromium, on a page of the example `chat`, by the browser's own means: hidden, offline, kept for `back`; and React, with what is
// made for the server `auction`. A network fails in a proxy through which the page itself is loaded. `frozen.test.mjs` has pages that
// stand still.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, before, after } from 'node:test'
import { Example } from '../browser/example.mjs'
import { bundle } from './support/bundle.mjs'
import { launch } from './support/chromium.mjs'
import { Proxy } from './support/proxy.mjs'
import { Tab } from './support/tab.mjs'

const TEST = { timeout: 60_000 }
const scripts = { client: bundle('page.ts') }
/** Where the client of the auction and its hooks are. */
const made = mkdtempSync(join(tmpdir(), 'made-'))

let chat, auction, proxy, browser
before(async () => {
  chat = await Example.start('chat')
  auction = await Example.start('auction')
  for (const name of ['channels.ts', 'channels.react.ts']) writeFileSync(join(made, name), await (await fetch(`${auction.url}/${name}`)).text())
  scripts.app = bundle('app.tsx', { alias: { made } })
  proxy = await Proxy.to(chat.url)
  browser = await launch()
})
after(async () => {
  await browser?.close()
  proxy?.close()
  await auction?.stop()
  await chat?.stop()
  rmSync(made, { recursive: true })
})

/** The example's page, emptied, with this script. It is the server's, for Chromium lets no page without an address connect to this machine. */
async function page(script, url = chat.url) {
  const context = await browser.newContext()
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  await page.goto(url)
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

/** Notes each status, and how long it is to wait. */
const watch = () => {
  window.waits = []
  channel.on('$status', ({ state, why, until }) => { if (state === 'waiting') waits.push({ why, ms: until - Date.now() }) })
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

const hidings = {
  'a window that is minimized': async tab => {
    await tab.window('minimized')
    return () => tab.window('normal')
  },
  'a tab behind another one': tab => tab.cover(),
}
for (const [what, hide] of Object.entries(hidings)) {
  test(`${what}, and its connection lost: one try in one to two minutes; shown again: at once`, TEST, async () => {
    const tab = await Tab.open(browser, proxy.url, scripts.client)
    await tab.evaluate(open, {})
    await tab.state('open')
    await tab.evaluate(watch)
    await tab.evaluate(() => {
      window.shown = []
      document.addEventListener('visibilitychange', ({ isTrusted }) => shown.push([document.visibilityState, isTrusted]))
    })
    const show = await hide(tab)
    await tab.until(() => shown.length === 1)
    proxy.reset()
    await tab.state('waiting')
    const [{ why, ms }] = await tab.evaluate(() => waits)
    assert.equal(why, 'hidden')
    assert.ok(ms > 59_000 && ms <= 120_000, `${ms}`)
    await show()
    await tab.state('open')
    assert.deepEqual(await tab.evaluate(() => shown), [['hidden', true], ['visible', true]])
    assert.equal(await tab.evaluate(() => waits.length), 1)
    await tab.close()
  })
}

test('offline: the page asks, notices that the network is gone, and waits; back with the network', TEST, async () => {
  const { page: p, state, context } = await page(scripts.client, proxy.url)
  let asked = 0
  const sockets = []
  p.on('websocket', socket => {
    sockets.push(socket)
    socket.on('framesent', ({ payload }) => { if (payload === '{"type":"$ping","ref":0}') asked++ })
  })
  await p.evaluate(open, { retry: { silence: 1e9 } }) // silence alone would not make it ask
  await state('open')
  await p.evaluate(watch)
  assert.equal(asked, 0)
  // Chromium's emulation leaves open sockets alone, as some networks do: nothing ends this one.
  proxy.mode = 'silent'
  await context.setOffline(true)
  await state('waiting')
  const [{ why, ms }] = await p.evaluate(() => waits)
  assert.deepEqual([why, asked, await p.evaluate(() => channel.status.last.reason)], ['offline', 1, 'no answer'])
  assert.ok(ms > 59_000 && ms <= 120_000, `${ms}`)
  proxy.mode = 'pass'
  await context.setOffline(false)
  await state('open')
  assert.equal(sockets.length, 2, 'it has not tried while it was offline')
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

test('React, strict mode, two components: one socket, no stale closure, a state that begins anew after a loss, closed a second after the last', TEST, async () => {
  const through = await Proxy.to(auction.url)
  const { page: p, complaints, context } = await page(undefined, through.url)
  let sockets = 0, alive = 0
  p.on('websocket', socket => { sockets++; alive++; socket.on('close', () => alive--) })
  await p.addScriptTag({ content: scripts.app })
  await p.waitForSelector('main[data-state=open]')
  const shows = text => p.waitForFunction(text => [...document.querySelectorAll('output')].every(each => each.textContent === text), text)
  const bids = bids => p.waitForFunction(bids => [...document.querySelectorAll('main')].every(each => each.dataset.bids === bids), bids)
  const bid = () => p.locator('.bid').first().click()
  await bid()
  await shows('a:1')
  for (const each of await p.locator('.prefix').all()) await each.click()
  await bid()
  await shows('a:1,b:2')
  await bids('1,2')
  assert.equal(sockets, 1)
  // Lost: the new connection is fresh, and `useRoomState` is told so.
  through.reset()
  await until(() => sockets === 2 && alive === 1)
  await p.waitForSelector('main[data-state=open]')
  await bids('')
  await bid()
  await bids('3')
  await shows('a:1,b:2,b:3') // the same components
  await p.click('#toggle')
  await p.click('#toggle') // a remount within a second finds it open
  await p.waitForSelector('main[data-state=open]')
  assert.deepEqual([sockets, alive], [2, 1])
  await bid()
  await bids('4')
  await p.click('#other') // another key is another room
  await bids('')
  await p.waitForSelector('main[data-state=open]')
  await until(() => sockets === 3 && alive === 1)
  await p.click('#toggle')
  assert.equal(alive, 1)
  await until(() => alive === 0)
  assert.deepEqual([sockets, complaints], [3, []])
  await context.close()
  through.close()
})

test('React: who is present is shown as it is told, also behind a loss and in another room', TEST, async () => {
  const through = await Proxy.to(auction.url)
  const { page: ann, complaints, context } = await page(undefined, through.url)
  await ann.addScriptTag({ content: scripts.app })
  const shows = text => ann.waitForFunction(text => [...document.querySelectorAll('main')].every(each => each.dataset.present === text), text)
  await shows('7: ann')
  const { page: others, context: elsewhere } = await page(undefined, auction.url)
  const come = (paddle, bidder) => others.evaluate(([paddle, bidder]) => new Promise(resolve => {
    const socket = new WebSocket(`ws://${location.host}/auction/vase?paddle=${paddle}`, ['channels.1.json', 'channels.hello', `channels.token.bidder-${bidder}`])
    socket.addEventListener('open', () => resolve())
    ;(window.sockets ??= []).push(socket)
  }), [paddle, bidder])
  const go = at => others.evaluate(at => sockets[at].close(1000), at)
  await come(8, 'bob')
  await shows('7: ann, 8: bob')
  await come(8, 'rob')
  await shows('7: ann, 8: bob and rob')
  await go(0)
  await shows('7: ann, 8: rob')
  through.mode = 'refuse'
  through.reset()
  await ann.waitForSelector('main:not([data-state=open])')
  await shows('7: ann, 8: rob') // as it was last known
  await go(1)
  await come(9, 'cat')
  through.mode = 'pass'
  await ann.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await shows('7: ann, 9: cat')
  await ann.click('#other') // another key is another room
  await shows('7: ann')
  // The browser tells of each connection that is refused.
  assert.deepEqual(complaints.filter(text => !text.includes('WebSocket connection')), [])
  await context.close()
  await elsewhere.close()
  through.close()
})

test("React: the server's question is answered by the newest render of who uses it", TEST, async () => {
  const { page: p, complaints, context } = await page(undefined, auction.url)
  await p.addScriptTag({ content: scripts.app })
  await p.waitForSelector('main[data-state=open]')
  await p.click('#other')
  await p.waitForSelector('main[data-state=open]')
  const bid = () => p.locator('.bid').first().click()
  await bid()
  // Of the two components the one that came last answers, and does not let it be taken.
  await p.waitForSelector('main:last-of-type[data-asked="a:1"]')
  for (const each of await p.locator('.prefix').all()) await each.click()
  await bid()
  await p.waitForSelector('main:last-of-type[data-asked="b:2"]')
  await p.waitForFunction(() => [...document.querySelectorAll('output')].every(each => each.textContent === 'b:2'))
  assert.deepEqual(await p.locator('main').evaluateAll(all => all.map(each => each.dataset.asked)), ['', 'b:2'])
  assert.deepEqual(complaints, [])
  await context.close()
})

async function until(holds) {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 20))
}
