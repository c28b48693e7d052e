import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'

let example, browser

before(async () => {
  example = await Example.start('game')
  browser = await Browser.start()
}, TEST)

after(async () => {
  await browser?.stop()
  assert.equal(await example?.stop(), 0)
}, TEST)

/** Two players at a new table. */
async function sitDown() {
  const red = await browser.open(example.url)
  await red.click('new-game', ':visible')
  await red.shows('turn', 'Take a seat')
  const white = await browser.open(red.page.url())
  await red.fill('name-input', 'Rosa')
  await red.click('join', '[data-color="red"]')
  await red.shows('table', '', '[data-you="red"]')
  await white.fill('name-input', 'Walter')
  await white.click('join', '[data-color="white"]')
  await white.shows('table', '', '[data-you="white"][data-playing="true"]')
  await red.shows('table', '', '[data-you="red"][data-playing="true"]')
  return { red, white }
}

const squares = (page, state) => page.page.locator(`[data-square][data-${state}]`).evaluateAll(found => found.map(square => square.dataset.square))
const square = (page, name) => page.page.locator(`[data-square="${name}"]`)
const table = page => page.role('table').evaluate(table => ({ ...table.dataset }))
const board = page => page.page.locator('[data-piece]').evaluateAll(found =>
  found.map(({ dataset }) => `${dataset.square} ${dataset.piece}`).sort())

/** Waits until the page shows this many moves, the last of them from here to there. */
async function moved(page, number, from, to) {
  await page.page.waitForFunction(({ number, from, to }) => {
    const piece = name => document.querySelector(`[data-square="${name}"]`).dataset.piece
    return document.querySelectorAll('[data-role="move"]').length === number && !piece(from) && piece(to)
  }, { number, from, to })
}

test('two tabs play a game to its end', TEST, async () => {
  const players = await sitDown()
  const { red, white } = players
  await red.picture('game-begun')
  let moves = 0
  let now = await table(red)
  while (!now.over) {
    assert.ok(moves < 400, 'a game ends')
    const page = players[now.turn]
    const other = page === red ? white : red
    assert.deepEqual(await squares(other, 'movable'), [])

    // Any legal move does; this picks them in a way that is the same each time, and looks like play.
    const [selected] = await squares(page, 'selected')
    const movable = await squares(page, 'movable')
    const from = selected ?? movable[(moves * 7 + 3) % movable.length]
    if (!selected) await square(page, from).click()
    const targets = await squares(page, 'target')
    const to = targets[moves % targets.length]
    await square(page, to).click()
    moves += 1
    await moved(red, moves, from, to)
    await moved(white, moves, from, to)
    assert.deepEqual(await board(red), await board(white))
    if (moves === 20) await white.picture('game-midway')
    now = await table(red)
  }
  await white.shows('table', '', `[data-over="${now.over}"]`)
  assert.match(now.over, /^(red|white|draw)$/)
  assert.match(now.reason, /^(all_captured|blocked|forty_moves)$/)
  const [mine, theirs] = [await red.text('turn'), await white.text('turn')]
  const expected = { red: ['You win!', 'Rosa wins'], white: ['Walter wins', 'You win!'], draw: ['A draw', 'A draw'] }
  assert.deepEqual([mine, theirs], expected[now.over])
  assert.deepEqual([...await squares(red, 'movable'), ...await squares(white, 'movable')], [])
  await red.picture('game-over')
  assert.deepEqual(browser.complaints, [])
})

test('a third one watches, and all can chat', TEST, async () => {
  const { red, white } = await sitDown()
  const guest = await browser.open(red.page.url())
  await guest.shows('table', '', '[data-you="watcher"]')
  assert.deepEqual(await squares(guest, 'movable'), [])
  await white.fill('chat-input', 'Good luck!')
  await white.click('chat-send')
  for (const page of [red, white, guest]) await page.shows('chat-message', 'Good luck!')
})

test('who resigns has lost', TEST, async () => {
  const { red, white } = await sitDown()
  await white.click('leave')
  await white.shows('leave', 'Really resign?')
  await white.click('leave')
  await red.shows('table', '', '[data-over="red"][data-reason="resigned"]')
  await red.shows('turn', 'You win!')
})

test('a game that nobody opened is not found', TEST, async () => {
  const page = await browser.open(`${example.url}/#4711`)
  await page.shows('status', '', '[data-status="gone"]')
  await page.shows('turn', 'Game not found')
})

test('a server that died meanwhile is noticed when the page is shown again', TEST, async () => {
  const { red, white } = await sitDown()
  await red.page.clock.install()
  await red.isShownAgain()
  // What is answered to the question is no error of the player's, and comes before the line.
  await red.fill('chat-input', 'Are you there?')
  await red.role('chat-input').press('Enter')
  await red.shows('chat-message', 'Are you there?')
  await red.page.clock.fastForward(5_000)
  await red.shows('status', '', '[data-status="online"]')
  assert.deepEqual(await red.role('error').allInnerTexts(), ['', ''])
  await example.whileItHangs(async () => {
    // What was under way when it stopped is a sign of life, too: then the page asks again.
    do {
      await red.isShownAgain()
      await red.page.clock.fastForward(5_000)
    } while (await red.role('status').first().getAttribute('data-status') === 'online')
    await red.shows('status', '', '[data-status="waiting"]')
  })
  await red.isShownAgain()
  await red.shows('status', '', '[data-status="online"]')
  await red.shows('table', '', '[data-you="red"][data-playing="true"]')
  for (const page of [red, white]) await page.close()
})

test('a page of a game that is not there asks for it no more', TEST, async () => {
  const lost = await browser.open(`${example.url}/#4711`)
  await lost.shows('status', 'No such game', '[data-status="gone"]')
  await lost.page.evaluate(() => {
    window.opened = 0
    window.WebSocket = class extends WebSocket {
      constructor(...its) {
        super(...its)
        opened++
      }
    }
  })
  for (const event of ['visibilitychange', 'pageshow']) await lost.isShownAgain(event)
  assert.equal(await lost.page.evaluate(() => { dispatchEvent(new Event('online')); return opened }), 0)
  await lost.click('new-game', ':visible')
  await lost.shows('turn', 'Take a seat')
  assert.equal(await lost.page.evaluate(() => opened), 1)
  await lost.close()
})

test('half a surrogate pair is said as the sign for what can not be shown', TEST, async () => {
  const { red, white } = await sitDown()
  await red.enter('chat-input', '"\\ud83d!"')
  await red.role('chat-input').press('Enter')
  for (const page of [red, white]) await page.shows('chat-message', '\ufffd!')
  for (const page of [red, white]) await page.close()
})
