import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'
import { SEEN } from './subprotocols.mjs'

let browser, example

before(async () => {
  browser = await Browser.start()
  example = await Example.start('subprotocols')
}, TEST)
after(async () => {
  await browser?.stop()
  assert.equal(await example?.stop(), 0)
}, TEST)

test('a page sees which subprotocol is agreed, and of most refusals nothing', TEST, async () => {
  const page = await browser.open(`${example.url}/`)
  for (const [path, offers] of SEEN) {
    await page.role('result', `[data-path="${path}"][data-offers="${offers}"][data-seen]`).waitFor()
  }
  const rows = await page.role('result').evaluateAll(rows => rows.map(({ dataset }) => [dataset.path, dataset.offers, dataset.seen]))
  assert.deepEqual(rows, SEEN)
  await page.picture('subprotocols')
  await page.close()
})
