import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'

let example, browser

before(async () => {
  example = await Example.start('board')
  browser = await Browser.start()
}, TEST)

after(async () => {
  await browser?.stop()
  assert.equal(await example?.stop(), 0)
}, TEST)

async function open(board) {
  const page = await browser.open(`${example.url}/#${board}`)
  await page.shows('status', 'open', '[data-status="open"]')
  return page
}

const paper = page => page.role('paper')
const image = page => paper(page).evaluate(canvas => canvas.toDataURL())
const isBlank = page => paper(page).evaluate(canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.every(part => part === 0))
const until = (page, holds) => page.page.waitForFunction(holds)

/** Draws a line through these points, given in parts of the board, and takes the pen off the board. */
async function draw(page, ...points) {
  const { x, y, width, height } = await paper(page).boundingBox()
  const [first, ...others] = points.map(([right, down]) => [x + right * width, y + down * height])
  await page.page.mouse.move(...first)
  await page.page.mouse.down()
  for (const point of others) await page.page.mouse.move(...point, { steps: 3 })
  await page.page.mouse.up()
  await page.page.mouse.move(0, 0)
}

/** Waits until both show the same, which is not nothing. Either may be the one that has not been told all yet. */
async function agree(one, other) {
  while (await image(one) !== await image(other)) await other.page.evaluate(() => new Promise(requestAnimationFrame))
  assert.equal(await isBlank(other), false)
}

test('what one draws is drawn on the other, and a newcomer sees all of it', TEST, async () => {
  const [ann, bob] = [await open('plans'), await open('plans')]
  for (const page of [ann, bob]) await page.shows('count', '2 here')
  await draw(ann, [0.2, 0.3], [0.5, 0.7], [0.8, 0.3])
  await bob.role('color', '[value="red"]').check({ force: true })
  await draw(bob, [0.2, 0.8], [0.8, 0.8])
  await until(ann, () => [...document.querySelector('canvas').getContext('2d').getImageData(800, 800, 1, 1).data].some(Boolean))
  await agree(ann, bob)
  const cat = await open('plans')
  await agree(ann, cat)
  await cat.picture('board')
  for (const page of [ann, bob, cat]) assert.equal(await page.text('said'), '')
  assert.deepEqual(browser.complaints, [])
  for (const page of [ann, bob, cat]) await page.close()
})

test('each takes back what is theirs, and is told if there is nothing', TEST, async () => {
  const [ann, bob] = [await open('undo'), await open('undo')]
  await draw(ann, [0.3, 0.5], [0.7, 0.5])
  await agree(ann, bob)
  await bob.click('undo')
  await bob.shows('said', 'nothing of yours is on the board')
  await ann.click('undo')
  for (const page of [ann, bob]) {
    await until(page, () => document.querySelector('canvas').getContext('2d').getImageData(0, 0, 1600, 1000).data.every(part => part === 0))
  }
  assert.deepEqual(browser.complaints, [])
  for (const page of [ann, bob]) await page.close()
})

test('a page whose connection was lost shows the board as it is when it is back', TEST, async () => {
  const [ann, bob] = [await open('lost'), await open('lost')]
  await draw(ann, [0.1, 0.1], [0.9, 0.9])
  await agree(ann, bob)
  await bob.page.clock.install()
  await example.whileItHangs(async () => {
    await bob.isShownAgain()
    await bob.page.clock.fastForward(5_000)
    await bob.shows('status', '', '[data-status="waiting"]')
    await draw(ann, [0.1, 0.9], [0.9, 0.1])
  })
  await bob.isShownAgain()
  await bob.shows('status', 'open', '[data-status="open"]')
  await agree(ann, bob)
  assert.deepEqual(browser.complaints, [])
  for (const page of [ann, bob]) await page.close()
})
