import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Proxy } from '../typescript/support/proxy.mjs'
import { Browser, Example, TEST } from './harness.mjs'

let browser, place, DATABASE

before(async () => {
  place = mkdtempSync(join(tmpdir(), 'history-'))
  DATABASE = join(place, 'lines.db')
  browser = await Browser.start()
}, TEST)

after(async () => {
  await browser?.stop()
  rmSync(place, { recursive: true, force: true })
}, TEST)

const texts = page => page.role('lines', ' li').allInnerTexts()

async function say(page, text) {
  await page.fill('text', text)
  await page.click('say', ' button')
}

test('a page is rendered with what was said, goes on from there, and has each line once when the server was killed', TEST, async () => {
  let server = await Example.start('history', { DATABASE })
  const proxy = await Proxy.to(server.url)
  const ann = await browser.open(proxy.url)
  await ann.shows('status', 'open')
  await say(ann, '<b>one</b> & all')
  await ann.shows('lines', '<b>one</b> & all')

  const bob = await browser.open(proxy.url)
  await bob.role('status', '[data-past="resumed"]').waitFor()
  assert.deepEqual(await texts(bob), ['<b>one</b> & all'])
  await say(bob, 'two')
  for (const page of [ann, bob]) await page.shows('lines', 'two')

  // The page tries anew while there is no server, and says the line when there is one.
  server.kill()
  await server.ended
  await ann.role('status', '[data-status="waiting"]').waitFor()
  await say(ann, 'three')
  server = await Example.start('history', { DATABASE })
  proxy.target = Number(new URL(server.url).port)
  for (const page of [ann, bob]) {
    await page.isShownAgain()
    await page.role('status', '[data-past="replaced"]').waitFor()
    await page.shows('lines', 'three')
    assert.deepEqual(await texts(page), ['<b>one</b> & all', 'two', 'three'])
  }
  assert.equal(await ann.text('trouble'), '')
  await ann.picture('history')
  for (const page of [ann, bob]) await page.close()
  proxy.close()
  assert.equal(await server.stop(), 0)
})
