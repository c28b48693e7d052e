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
  await ann.role('wipe').click({ trial: true })
  // In one go, because the second press must come soon.
  const asked = await ann.role('wipe').evaluate(button => {
    button.click()
    const asked = button.textContent
    button.click()
    return asked
  })
  assert.equal(asked, 'Really wipe?')
  for (const page of [ann, bob]) await shows(page, elsewhere)
  await cat.role('board', '[data-lines="0"]').waitFor()
  assert.deepEqual(browser.complaints, [])
  for (const page of [ann, bob, cat, elsewhere]) await page.close()
})

test('the pens of the others are shown, until they leave', TEST, async () => {
  const [ann, bob] = [await open('pens'), await open('pens')]
  await draw(ann, [.25, .5], [.75, .5])
  await bob.role('pen', '[style*="left: 75%"]').waitFor()
  // The server has answered Ann's pen before.
  await draw(bob, [.5, .25])
  await ann.role('pen', '[style*="left: 50%"]').waitFor()
  assert.equal(await ann.role('pen').count(), 1)
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

test('a line for which there is no room is taken away again, and no other', TEST, async () => {
  const [ann, bob] = [await open('full'), await open('full')]
  const wait = (page, holds) => page.page.waitForFunction(holds)
  // 99,999 points.
  await ann.page.evaluate(() => {
    window.line = (count, color, y) => ({ color, width: 100, points: Array.from({ length: count }, (_, n) => ({ x: 16 * n, y })) })
    for (let n = 0; n < 100; n++) say(line(n ? 1000 : 999, 1, 100 * n))
  })
  for (const page of [ann, bob]) await wait(page, () => lines.length === 100 && pending.length === 0)

  // Bob's line is on the board before Ann's is refused, and Ann's page learns of both when it has shown its own.
  await ann.page.evaluate(() => {
    window.held = []
    receive = act => held.push(act)
  })
  await bob.page.evaluate(() => say({ color: 2, width: 240, points: [{ x: 8000, y: 9900 }] }))
  await wait(ann, () => held.length === 1)
  await ann.page.evaluate(() => say(line(10, 4, 9900)))
  await wait(ann, () => held.length === 2)
  await ann.page.evaluate(() => {
    receive = act => act()
    held.forEach(receive)
  })
  await ann.shows('error', 'The board is full: wipe it')
  await wait(bob, () => pending.length === 0)
  assert.equal(await image(ann), await image(bob))
  assert.deepEqual(await ann.page.evaluate(() => [lines.length, lines.at(-1).color, pending.length]), [101, 2, 0])
  assert.deepEqual(browser.complaints, [])
  for (const page of [ann, bob]) await page.close()
})

test('lines that cross lie above each other in one order', TEST, async () => {
  const [ann, bob] = [await open('cross'), await open('cross')]
  await ann.shows('count', '2')
  const bar = (color, points) => ({ color, width: 240, points })
  const [across, down] = [bar(2, [{ x: 2000, y: 5000 }, { x: 14_000, y: 5000 }]), bar(5, [{ x: 8000, y: 1000 }, { x: 8000, y: 9000 }])]
  await ann.page.evaluate(() => {
    window.held = []
    receive = act => held.push(act)
  })
  await bob.page.evaluate(line => say(line), down)
  await ann.page.waitForFunction(() => held.length === 1)
  await ann.page.evaluate(line => say(line), across)
  // Ann's page receives Bob's after it has drawn its own.
  await ann.page.waitForFunction(() => held.length === 2)
  await bob.page.waitForFunction(() => lines.length === 2)
  await ann.page.evaluate(() => held.splice(0).forEach(act => act()))
  assert.equal(await image(ann), await image(bob))
  assert.deepEqual(browser.complaints, [])
  for (const page of [ann, bob]) await page.close()
})
