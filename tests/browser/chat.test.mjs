import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'

let example, browser

before(async () => {
  example = await Example.start('chat')
  browser = await Browser.start()
}, TEST)

after(async () => {
  await browser?.stop()
  assert.equal(await example?.stop(), 0)
}, TEST)

/** A page that is in this room. */
async function enter(room) {
  const page = await browser.open(`${example.url}/#${encodeURIComponent(room)}`)
  await page.shows('status', '', '[data-status="online"]')
  return page
}

test('two tabs chat', TEST, async () => {
  const ann = await browser.open(example.url)
  await ann.picture('chat-join')
  await ann.fill('room-input', 'crab corner')
  await ann.click('join')
  await ann.shows('system', 'Welcome to room crab corner')
  await ann.shows('count', '1')

  const bob = await enter('crab corner')
  await ann.shows('system', 'A user joined the room')
  await ann.shows('count', '2')
  await bob.shows('count', '2')

  await bob.role('message-input').pressSequentially('Hello, is ')
  await ann.shows('typing', 'is typing', '[data-typing="1"]')
  await ann.picture('chat-typing')
  await bob.role('message-input').pressSequentially('anybody here?')
  await bob.role('message-input').press('Enter')
  await ann.shows('message', 'Hello, is anybody here?', '[data-own="false"]')
  await bob.shows('message', 'Hello, is anybody here?', '[data-own="true"]')
  await ann.role('typing', '[data-typing="0"]').waitFor({ state: 'attached' })

  await ann.fill('message-input', 'Only us crabs.')
  await ann.click('send')
  await bob.shows('message', 'Only us crabs.', '[data-own="false"]')
  assert.deepEqual(await bob.role('text').allInnerTexts(), ['Hello, is anybody here?', 'Only us crabs.'])
  assert.deepEqual(await ann.role('text').allInnerTexts(), ['Hello, is anybody here?', 'Only us crabs.'])
  await ann.picture('chat')

  await bob.click('leave')
  await ann.shows('system', 'A user left the room')
  await ann.shows('count', '1')
  assert.deepEqual(browser.complaints, [])
})

test('a tab that is closed has left', TEST, async () => {
  const ann = await enter('revolving door')
  const bob = await enter('revolving door')
  await ann.shows('count', '2')
  await bob.close()
  await ann.shows('count', '1')
})

test('rooms hear nothing of each other', TEST, async () => {
  const [here, there] = [await enter('here'), await enter('there')]
  await here.fill('message-input', 'to those here')
  await here.click('send')
  await here.shows('message', 'to those here')
  await there.fill('message-input', 'to those there')
  await there.click('send')
  await there.shows('message', 'to those there')
  assert.deepEqual(await here.role('text').allInnerTexts(), ['to those here'])
  assert.deepEqual(await there.role('text').allInnerTexts(), ['to those there'])
})

test('text is never markup', TEST, async () => {
  const [ann, bob] = [await enter('markup'), await enter('markup')]
  const text = '<img src=x onerror="document.title = 1"><b>bold</b> &amp;'
  await ann.fill('message-input', text)
  await ann.click('send')
  await bob.shows('message', text)
  assert.deepEqual(await bob.role('text').allInnerTexts(), [text])
  assert.equal(await bob.role('log').locator('img, b').count(), 0)
})

test('what is too long is refused, and kept to be shortened', TEST, async () => {
  const ann = await enter('long')
  const text = 'x'.repeat(1001)
  await ann.fill('message-input', text)
  await ann.click('send')
  await ann.shows('error', 'Message too long')
  assert.equal(await ann.role('message-input').inputValue(), text)
  assert.equal(await ann.role('message').count(), 0)
})
