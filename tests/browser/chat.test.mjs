import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Proxy } from '../typescript/support/proxy.mjs'
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

let guests = 0

/** A page that is in this room, of somebody who is nobody else. */
async function enter(room, name = `Guest ${++guests}`) {
  const page = await browser.open(`${example.url}/?name=${encodeURIComponent(name)}#${encodeURIComponent(room)}`)
  await page.shows('status', '', '[data-status="online"]')
  return page
}

/** Who is here, with the number of their tabs, when it is these. */
const here = (page, ...people) => page.page.waitForFunction(
  people => [...document.querySelectorAll('[data-role="person"]')].map(({ dataset }) => `${dataset.user} ${dataset.tabs}`).join() === people,
  people.join(),
)

/** Of the server's and the page's own lines, those behind the welcome. */
const told = async page => (await page.role('system').allInnerTexts()).filter(line => !line.startsWith('Welcome'))

test('two tabs chat', TEST, async () => {
  const ann = await browser.open(example.url)
  await ann.picture('chat-join')
  await ann.fill('name-input', 'Ann')
  await ann.fill('room-input', 'crab corner')
  await ann.click('join')
  await ann.shows('system', 'Welcome to room crab corner')
  await ann.shows('count', '1')

  const bob = await enter('crab corner', 'Bob')
  await ann.shows('system', 'Bob joined')
  await ann.shows('count', '2')
  await bob.shows('count', '2')

  await bob.role('message-input').pressSequentially('Hello, is ')
  await ann.shows('typing', 'Bob is typing', '[data-typing="1"]')
  await ann.shows('person', 'Bob', '[data-typing="true"]')
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
  await ann.shows('system', 'Bob left')
  await ann.shows('count', '1')
  assert.deepEqual(browser.complaints, [])
})

test('two users with three tabs: who has two is here once, a reload is silent, and who closes the last has left', TEST, async () => {
  const ann = await enter('tabs', 'Ann')
  const bob = [await enter('tabs', 'Bob'), await enter('tabs', 'Bob')]
  for (const page of [ann, ...bob]) await page.shows('count', '2')
  await here(ann, 'Ann 1', 'Bob 2')
  await here(bob[0], 'Bob 2', 'Ann 1')
  await ann.picture('chat-people')
  await ann.page.setViewportSize({ width: 390, height: 844 })
  await ann.picture('chat-people-narrow')
  assert.equal(await ann.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, 'nothing is wider than the screen')
  // What one says is own on both, and stays so behind a reload.
  await say(bob[0], 'one of us')
  await bob[1].shows('message', 'one of us', '[data-own="true"]')
  await ann.page.reload()
  await bob[0].page.reload()
  for (const page of [ann, ...bob]) await page.shows('status', '', '[data-status="online"]')
  await bob[0].shows('message', 'one of us', '[data-own="true"]')
  await here(ann, 'Ann 1', 'Bob 2')
  // The page that was not reloaded would have seen Ann go and come.
  await here(bob[1], 'Bob 2', 'Ann 1')
  assert.deepEqual(await told(bob[1]), [], 'of the reloads nothing was told')
  await bob[1].click('leave')
  await here(ann, 'Ann 1', 'Bob 1')
  await bob[0].click('leave')
  await ann.shows('system', 'Bob left')
  await here(ann, 'Ann 1')
  assert.deepEqual(await told(ann), ['Bob left'])
  for (const page of [ann, ...bob]) await page.close()
})

test('the name that was typed counts, as the server has it, and one that we had is anybody else\u2019s', TEST, async () => {
  const page = await enter('names', 'Ann')
  await page.click('leave')
  for (const refused of ['user_bob', '\u200b', '9f3b1c20a4d6e817-2a']) {
    await page.fill('name-input', refused)
    await page.fill('room-input', 'names')
    await page.click('join')
    assert.match(await page.role('name-input').evaluate(input => input.validationMessage), /refused/, escape(refused))
    assert.equal(await page.role('room').isVisible(), false)
  }
  await page.fill('name-input', 'Bob')
  await page.click('join')
  await here(page, 'Bob 1')
  await page.page.reload()
  await page.shows('status', '', '[data-status="online"]')
  await here(page, 'Bob 1')
  const ann = await enter('names', 'Ann')
  await page.shows('system', 'Ann joined')
  await say(ann, 'I am another')
  await page.shows('message', 'I am another', '[data-own="false"]')
  for (const each of [page, ann]) await each.close()
  // 40 characters end in white space; and one that is white space for the server alone.
  for (const [at, [name, shown]] of [[`${'x'.repeat(39)} y`, 'x'.repeat(39)], ['Eve\u0085', 'Eve']].entries()) {
    const page = await enter(`trimmed ${at}`, name)
    await page.shows('system', 'Welcome')
    await here(page, `${shown} 1`)
    await page.shows('count', '1')
    await page.close()
  }
})

test('a page works where storage is forbidden', TEST, async () => {
  const page = await enter('forbidden', 'Ann')
  await page.page.addInitScript(() => Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('forbidden') } }))
  await page.page.reload()
  await page.shows('status', '', '[data-status="online"]')
  await here(page, 'Ann 1')
  await page.close()
})

test('who types and stops without a word, and who looks away', TEST, async () => {
  const [ann, bob] = [await enter('quiet', 'Ann'), await enter('quiet', 'Bob')]
  // The clocks of the pages stand still: neither says nor believes by itself that nobody types any more.
  for (const { page } of [ann, bob]) {
    await page.clock.install()
    await page.clock.pauseAt(Date.now() + 1000)
  }
  await bob.role('message-input').pressSequentially('Hm')
  await ann.shows('typing', 'Bob is typing', '[data-typing="1"]')
  await ann.role('typing', '[data-typing="0"]').waitFor({ state: 'attached' })
  const hide = hidden => bob.page.evaluate(hidden => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
  await hide(true)
  await ann.shows('person', 'Bob', '[data-away="true"]')
  await ann.picture('chat-away')
  await hide(false)
  await ann.shows('person', 'Bob', '[data-away="false"]')
  for (const page of [ann, bob]) await page.close()
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

test('a server that died meanwhile is noticed when the page is shown again', TEST, async () => {
  const ann = await enter('sleepers')
  await ann.page.clock.install()
  // It is there: what it answers to the question comes before the message.
  for (const event of ['visibilitychange', 'pageshow']) {
    await ann.isShownAgain(event)
    await ann.fill('message-input', event)
    await ann.click('send')
    await ann.shows('message', event)
    await ann.page.clock.fastForward(5_000)
    await ann.shows('status', 'Connected', '[data-status="online"]')
  }
  for (const event of ['visibilitychange', 'pageshow']) {
    await example.whileItHangs(async () => {
      await ann.isShownAgain(event)
      await ann.page.clock.fastForward(5_000)
      await ann.shows('status', '', '[data-status="waiting"]')
      // Nor does it answer who comes anew; shown again, the page does not wait until it would try by itself.
      await ann.isShownAgain(event)
      await ann.shows('status', '', '[data-status="connecting"]')
      await ann.page.clock.fastForward(15_000)
      await ann.shows('status', '', '[data-status="waiting"]')
      await ann.picture('chat-waiting')
    })
    await ann.isShownAgain(event)
    await ann.shows('status', '', '[data-status="online"]')
    await ann.shows('count', '1')
  }
})

/** Says these lines, each when the one before is shown. */
async function say(page, ...lines) {
  for (const line of lines) {
    await page.fill('message-input', line)
    await page.click('send')
    await page.shows('message', line, '[data-own="true"]')
  }
}

const texts = page => page.role('text').allInnerTexts()

/** The first line of the page, by which it is known whether the page began anew. */
const mark = page => page.role('message').first().evaluate(line => { line.marked = true })
const isMarked = page => page.role('message').first().evaluate(line => line.marked === true)

const many = (word, count) => Array.from({ length: count }, (_, n) => `${word} ${n}.`)

test('a network that was cut leaves no gap and no double', TEST, async () => {
  const proxy = await Proxy.to(example.url)
  const ann = await browser.open(`${proxy.url}/?name=Ann#tunnel`)
  await ann.shows('status', '', '[data-status="online"]')
  const bob = await enter('tunnel')
  await say(bob, 'before')
  await ann.shows('message', 'before')
  await mark(ann)
  // Cut again as soon as it is back.
  let said = ['before']
  for (const word of ['first', 'second']) {
    proxy.mode = 'refuse'
    proxy.reset()
    await ann.shows('status', '', '[data-status="waiting"]')
    await say(bob, ...many(word, 12))
    said = [...said, ...many(word, 12)]
    proxy.mode = 'pass'
    await ann.isShownAgain()
    await ann.shows('message', said.at(-1))
    await ann.shows('status', '', '[data-status="online"]')
    assert.deepEqual(await texts(ann), said)
  }
  await say(bob, 'after')
  await ann.shows('message', 'after')
  assert.deepEqual(await texts(ann), [...said, 'after'])
  assert.deepEqual(await texts(bob), [...said, 'after'])
  assert.ok(await isMarked(ann), 'it went on where it was')
  await ann.shows('count', '2')
  await ann.picture('chat-resumed')
  for (const page of [ann, bob]) await page.close()
  proxy.close()
  // The browser tells of each connection that is refused.
  browser.complaints.length = 0
})

test('a server that was killed and started again has begun anew, and so does the page', TEST, async () => {
  let server = await Example.start('chat')
  const proxy = await Proxy.to(server.url)
  const [ann, bob] = [await browser.open(`${proxy.url}/?name=Ann#phoenix`), await browser.open(`${proxy.url}/?name=Bob#phoenix`)]
  for (const page of [ann, bob]) await page.shows('status', '', '[data-status="online"]')
  await say(bob, 'of the old one')
  await ann.shows('message', 'of the old one')
  proxy.mode = 'refuse'
  server.kill()
  await server.ended
  for (const page of [ann, bob]) await page.shows('status', '', '[data-status="waiting"]')
  assert.deepEqual(await texts(ann), ['of the old one'])
  server = await Example.start('chat')
  proxy.target = Number(new URL(server.url).port)
  const cat = await browser.open(`${server.url}/?name=Cat#phoenix`)
  await cat.shows('status', '', '[data-status="online"]')
  await say(cat, 'of the new one', 'and another')
  proxy.mode = 'pass'
  await ann.isShownAgain()
  await ann.shows('system', 'The server has begun anew')
  await ann.shows('system', 'You are back')
  assert.deepEqual(await texts(ann), ['of the new one', 'and another'])
  await ann.picture('chat-replaced')
  for (const page of [ann, bob, cat]) await page.close()
  proxy.close()
  assert.equal(await server.stop(), 0)
  browser.complaints.length = 0
})

test('who comes later reads what was said before', TEST, async () => {
  const bob = await enter('archive')
  await say(bob, 'one', 'two')
  const ann = await enter('archive')
  await ann.shows('system', 'Welcome to room archive')
  assert.deepEqual(await texts(ann), ['one', 'two'])
  await ann.role('typing', '[data-typing="0"]').waitFor({ state: 'attached' })
  await ann.shows('count', '2')
  for (const page of [ann, bob]) await page.close()
})

test('half a surrogate pair names a room, and is said, as the sign for what can not be shown', TEST, async () => {
  const ann = await browser.open(example.url)
  await ann.enter('room-input', '"half \\ud83d of it"')
  await ann.click('join')
  await ann.shows('room', 'half \ufffd of it')
  await ann.shows('system', 'Welcome to room half \ufffd of it')
  await ann.enter('message-input', '"\\udca9 and \\ud83d\\udca9"')
  await ann.click('send')
  await ann.shows('message', '\ufffd and \u{1f4a9}', '[data-own="true"]')
  assert.equal(await ann.text('error'), '')
})

test('what can not be seen is not said', TEST, async () => {
  const ann = await enter('ghosts')
  for (const nothing of [' ', '\u200b', '\u2060\ufeff \u00ad', '\u3164', '\u{e0020}', '\ufe0f', '\u2800']) {
    await ann.fill('message-input', nothing)
    assert.ok(await ann.role('send').isDisabled(), escape(nothing))
    await ann.role('message-input').press('Enter')
  }
  for (const something of ['.', '\u{1f469}\u200d\u{1f680}', 'a\u200b', '\u0301']) {
    await ann.fill('message-input', something)
    assert.ok(await ann.role('send').isEnabled(), escape(something))
  }
  await ann.click('send')
  await ann.shows('message')
  assert.equal(await ann.role('message').count(), 1)
})
