import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'

let example, browser

before(async () => {
  example = await Example.start('whiteboard')
  browser = await Browser.start()
}, TEST)

after(async () => {
  await browser?.stop()
  assert.equal(await example?.stop(), 0)
}, TEST)

async function open(board) {
  const page = await browser.open(`${example.url}/#${board}`)
  await page.shows('status', 'Connected', '[data-status="online"]')
  return page
}

/** Draws through these points, given in parts of the board. */
async function draw(page, ...points) {
  const { x, y, width, height } = await page.role('board').boundingBox()
  const [first, ...others] = points.map(([right, down]) => [x + right * width, y + down * height])
  await page.page.mouse.move(...first)
  await page.page.mouse.down()
  for (const point of others) await page.page.mouse.move(...point, { steps: 2 })
  await page.page.mouse.up()
}

const choose = (page, kind, value) => page.role(kind, `[value="${value}"]`).check({ force: true })
const image = page => page.role('board').evaluate(canvas => canvas.toDataURL())

/** Waits until this page shows what is drawn on the other. */
async function shows(page, other) {
  const expected = await image(other)
  await page.page.waitForFunction(expected => document.querySelector('canvas').toDataURL() === expected, expected)
}

function wave(left, middle, width, height) {
  return Array.from({ length: 17 }, (_, n) => [left + width * n / 16, middle + height * Math.sin(n / 16 * 2 * Math.PI)])
}

test('what is drawn on one page is drawn on the other, and a newcomer sees all of it', TEST, async () => {
  const [ann, bob] = [await open('plans'), await open('plans')]
  await ann.shows('count', '2')
  const blank = await image(ann)
  await draw(ann, ...wave(.08, .3, .5, .12))
  const wavy = await image(ann)
  assert.notEqual(wavy, blank)
  await shows(bob, ann)

  await choose(bob, 'color', 2)
  await choose(bob, 'width', 240)
  await draw(bob, [.62, .25], [.8, .25], [.8, .55], [.62, .55], [.62, .25])
  await choose(bob, 'color', 5)
  await choose(bob, 'width', 40)
  await draw(bob, ...wave(.1, .7, .8, .08))
  await shows(ann, bob)
  // A press alone is a dot.
  const undotted = await image(bob)
  await draw(bob, [.9, .15])
  assert.notEqual(await image(bob), undotted)
  await shows(ann, bob)
  await choose(ann, 'color', 0)
  await draw(ann, [.7, .1], [.72, .9])
  await shows(bob, ann)
  assert.equal(new Set([blank, wavy, await image(ann)]).size, 3)

  const cat = await open('plans')
  await shows(cat, ann)
  await ann.shows('pen')
  await cat.picture('whiteboard')
  await cat.page.emulateMedia({ colorScheme: 'dark' })
  await cat.page.setViewportSize({ width: 390, height: 780 })
  await cat.picture('whiteboard-narrow-dark')

  const elsewhere = await open('other')
  assert.equal(await image(elsewhere), blank)
  await ann.click('wipe')
  await ann.shows('wipe', 'Really wipe?')
  await ann.click('wipe')
  for (const page of [ann, bob]) await shows(page, elsewhere)
  await cat.role('board', '[data-lines="0"]').waitFor()
  assert.deepEqual(browser.complaints, [])
  for (const page of [ann, bob, cat, elsewhere]) await page.close()
})

test('the pens of the others are shown, until they leave', TEST, async () => {
  const [ann, bob] = [await open('pens'), await open('pens')]
  await draw(ann, [.25, .5], [.75, .5])
  await bob.shows('pen')
  assert.equal(await bob.role('pen').evaluate(pen => pen.style.left), '75%')
  assert.equal(await ann.role('pen').count(), 0)
  await ann.page.mouse.move(1, 1)
  await bob.role('pen').waitFor({ state: 'detached' })
  await draw(ann, [.5, .5], [.6, .5])
  await bob.shows('pen')
  await ann.close()
  await bob.role('pen').waitFor({ state: 'detached' })
  await bob.shows('count', '1')
  assert.deepEqual(browser.complaints, [])
  await bob.close()
})
