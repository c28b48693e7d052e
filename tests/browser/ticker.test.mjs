import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'

let example, browser

before(async () => {
  example = await Example.start('ticker')
  browser = await Browser.start()
}, TEST)

after(async () => {
  await browser?.stop()
  assert.equal(await example?.stop(), 0)
}, TEST)

/** Waits for it: at most as long as a whole test, because a client has to be sent more than a megabyte. */
const until = (page, holds, what) => page.page.waitForFunction(holds, what, TEST)
/** What both feeds say of themselves, at one moment. */
const feeds = page => page.role('feed').evaluateAll(all => Object.fromEntries(all.map(({ dataset }) =>
  [dataset.feed, { ticks: +dataset.ticks, missed: +dataset.missed, closed: +dataset.closed, half: +dataset.half }])))
const numbers = page => page.role('symbols', ' li').evaluateAll(all => all.map(({ dataset }) => +dataset.n))

async function open() {
  const page = await browser.open(example.url)
  for (const feed of ['newest', 'each']) await page.part(`[data-feed="${feed}"]`).shows('status', 'open', '[data-status="open"]')
  await until(page, () => document.querySelectorAll('[data-role="symbols"] li').length === 500)
  return page
}

test('each symbol has a price that changes', TEST, async () => {
  const page = await open()
  const before = await numbers(page)
  await until(page, before => [...document.querySelectorAll('[data-role="symbols"] li')].every(({ dataset }, at) => +dataset.n > before[at]), before)
  await page.shows('symbols', /BALA\s*\d+\.\d\d\s*[+−]\d+\.\d\d%/)
  await until(page, () => document.querySelectorAll('[data-role="ages"] i[data-age]').length === 1000)
  const { newest, each } = await feeds(page)
  assert.deepEqual([newest.closed, each.closed, each.missed], [0, 0, 0])
  await page.picture('ticker')
  assert.deepEqual(browser.complaints, [])
  await page.close()
})

test('a server that is started again begins to count anew, and a clock that is not the server\u2019s ages nothing', TEST, async () => {
  let server = await Example.start('ticker')
  const port = new URL(server.url).port
  const page = await browser.open(server.url)
  await until(page, () => {
    const all = [...document.querySelectorAll('[data-role="symbols"] li')]
    return all.length === 500 && all.every(({ dataset }) => +dataset.n > 20)
  })
  server.kill()
  await server.ended
  await page.part('[data-feed="each"]').shows('status', '', '[data-status="waiting"]')
  server = await Example.start('ticker', { ADDR: `127.0.0.1:${port}`, SLOW_ADDR: '127.0.0.1:0' })
  const before = await feeds(page)
  await page.isShownAgain()
  for (const feed of ['newest', 'each']) {
    await until(page, ([feed, ticks]) => +document.querySelector(`[data-feed="${feed}"]`).dataset.ticks > ticks + 500, [feed, before[feed].ticks])
  }
  for (const { missed } of Object.values(await feeds(page))) assert.ok(missed >= 0, `${missed}`)
  await page.close()
  assert.equal(await server.stop(), 0)
  browser.complaints.length = 0

  const ahead = await browser.open('about:blank')
  await ahead.page.addInitScript(() => { const now = Date.now; Date.now = () => now() + 3_600_000 })
  await ahead.page.goto(example.url)
  await until(ahead, () => document.querySelectorAll('[data-role="symbols"] li').length === 500)
  await until(ahead, () => +document.querySelector('[data-feed="newest"]').dataset.half < 60_000)
  await ahead.close()
})

test('on a slow network one feed replaces and stays young, and the other grows old and is closed', TEST, async () => {
  const page = await open()
  await page.click('network')
  await page.role('network', '[aria-checked="true"]').waitFor()
  await until(page, () => document.querySelector('[data-feed="each"]').dataset.closed === '1')
  const { newest, each } = await feeds(page)
  assert.ok(newest.closed === 0 && newest.missed > 0, JSON.stringify(newest))
  assert.ok(newest.half < each.half, `${newest.half} and ${each.half}`)
  await page.picture('ticker-slow')
  await page.page.setViewportSize({ width: 390, height: 844 })
  await page.picture('ticker-narrow')
  const overflow = await page.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.equal(overflow, 0, 'nothing is wider than the screen')
  const before = await numbers(page)
  await until(page, before => [...document.querySelectorAll('[data-role="symbols"] li')].every(({ dataset }, at) => +dataset.n > before[at]), before)

  await page.click('network')
  for (const feed of ['newest', 'each']) await page.part(`[data-feed="${feed}"]`).shows('status', 'open', '[data-status="open"]')
  await until(page, young => +document.querySelector('[data-feed="each"]').dataset.half < young, each.half)
  assert.deepEqual(browser.complaints, [])
  await page.close()
})
