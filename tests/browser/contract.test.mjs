// The page of `contract::page`, which the example `chat` mounts at `/channels`: it connects, sends by forms, and shows the answers. The
// server `auction` has two channels, a token, a query, rates and faults.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'

let example, auction, browser

before(async () => {
  example = await Example.start('chat')
  auction = await Example.start('auction')
  browser = await Browser.start()
}, TEST)

after(async () => {
  await browser?.stop()
  assert.equal(await auction?.stop(), 0)
  assert.equal(await example?.stop(), 0)
}, TEST)

/** The page, connected to this room, with this message's form open. */
async function connected(room, type) {
  const page = await browser.open(`${example.url}/channels`)
  await page.page.getByLabel('room_id').fill(room)
  await page.click('connect')
  await page.shows('status', 'open')
  const form = page.part(`[data-role="said"][data-type="${type}"]`)
  await form.within.locator('summary').first().click()
  return { page, form }
}

test('a message is sent by its form, and answered', TEST, async () => {
  const { page, form } = await connected('general', 'chat_message')
  await page.shows('frame', 'system')
  await form.within.getByLabel('message', { exact: true }).fill('Hello from a form')
  await form.click('ask')
  await page.shows('frame', 'answers chat_message 1')
  await page.shows('frame', 'Hello from a form', '[data-direction="heard"]')
  await page.picture('contract-answer')
})

test('a fault is shown as the answer that it is', TEST, async () => {
  const { page, form } = await connected('faults', 'chat_message')
  await form.within.getByLabel('message', { exact: true }).fill(' ')
  await form.click('ask')
  await page.shows('frame', 'error validation', '.fault')
  await page.shows('frame', 'answers chat_message 1', '.fault')
  await page.page.emulateMedia({ colorScheme: 'dark' })
  await page.picture('contract-fault-dark')
  await page.page.setViewportSize({ width: 390, height: 844 })
  await page.picture('contract-narrow')
  const overflow = await page.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.equal(overflow, 0, 'nothing is wider than the screen')
})

test('what is in the form is in the JSON, and the other way round', TEST, async () => {
  const { page, form } = await connected('json', 'chat_message')
  await form.within.getByLabel('message', { exact: true }).fill('once')
  await form.click('tab-json')
  const json = form.within.getByLabel('Payload as JSON')
  assert.deepEqual(JSON.parse(await json.inputValue()), { message: 'once' })
  await json.fill('{"message":"twice"}')
  await form.click('tab-form')
  assert.equal(await form.within.getByLabel('message', { exact: true }).inputValue(), 'twice')
  await form.click('tab-json')
  await json.fill('{"message"')
  await form.click('ask')
  await page.shows('frame', 'please enter JSON')
  await json.fill('{"message":7}')
  await form.click('ask')
  await page.shows('frame', 'error invalid_payload', '.fault')
})

test('a message without an answer, and one that is not connected', TEST, async () => {
  const { page, form } = await connected('quiet', 'ping')
  await form.click('say')
  await page.shows('frame', 'pong', '[data-direction="heard"]')
  await page.click('disconnect')
  await page.shows('status', 'closed')
  await form.click('ask')
  await page.shows('frame', 'ping: not connected')
})

test('what clients receive is there with its schema, and each field has a label', TEST, async () => {
  const page = await browser.open(`${example.url}/channels`)
  // The page has its description after it has loaded.
  await page.page.waitForFunction(() => document.title === 'ChatChannel: channels')
  await page.role('heard').first().waitFor({ state: 'attached' })
  const heard = await page.role('heard').evaluateAll(all => all.map(each => each.dataset.type))
  assert.ok(['system', 'chat_message', 'pong', 'error'].every(type => heard.includes(type)), heard.join())
  const nameless = await page.page.evaluate(() => [...document.querySelectorAll('input, select, textarea')].filter(field => !field.labels.length).length)
  assert.equal(nameless, 0)
  const policy = (await page.page.request.get(`${example.url}/channels`)).headers()['content-security-policy']
  assert.match(policy, /script-src 'self';/)
})

/** The page of the auction, with the fields of its first channel filled in and not sent. */
async function atTheAuction({ lot = 'vase', token = 'bidder-ann', paddle = '7' } = {}) {
  const page = await browser.open(`${auction.url}/channels`)
  await page.page.getByLabel('lot').fill(lot)
  await page.page.getByLabel('Token', { exact: true }).fill(token)
  await page.page.getByLabel('paddle').fill(paddle)
  return page
}

/** Opens a message of this channel. */
async function opened(page, type) {
  const form = page.part(`[data-role="said"][data-type="${type}"]`)
  await form.within.locator('summary').first().click()
  return form
}

const texts = locator => locator.evaluateAll(all => all.map(each => each.innerText.trim()))

test('of several channels one is shown, and another when it is chosen', TEST, async () => {
  const page = await atTheAuction()
  const channels = page.role('channels').getByRole('button')
  const current = () => channels.evaluateAll(all => all.filter(each => each.ariaCurrent === 'true').map(each => each.textContent))
  const said = () => page.role('said').evaluateAll(all => all.map(each => each.dataset.type))
  const heard = () => page.role('heard').evaluateAll(all => all.map(each => each.dataset.type))
  assert.deepEqual(await texts(channels), ['Auction', 'Bell'])
  assert.deepEqual([await current(), await said()], [['Auction'], ['bid', 'wave']])
  await page.page.getByText('/auction/{lot}').waitFor()
  await page.page.getByText('Bids are taken here.').waitFor()
  await page.click('connect')
  await page.shows('frame', 'catalog')

  await channels.getByText('Bell').click()
  await page.page.getByText('/bell', { exact: true }).waitFor()
  assert.deepEqual([await current(), await said()], [['Bell'], ['ring']])
  assert.ok((await heard()).includes('rang') && !(await heard()).includes('catalog'))
  assert.equal(await page.role('faults').count(), 0) // its handlers have none
  assert.equal(await page.page.getByLabel('paddle').count(), 0)
  await page.shows('frame', 'closed with 1000') // the connection to the other one
  await page.click('connect')
  await page.shows('status', 'open')
  const ring = await opened(page, 'ring')
  await ring.within.getByLabel('times').fill('3')
  await ring.click('say')
  await page.shows('frame', '{"type":"rang","times":3}', '[data-direction="heard"]')
})

test('faults are listed with their codes, messages and details, and each message has its own, its rate and its timeout', TEST, async () => {
  const page = await atTheAuction()
  const rows = await page.role('faults').locator('tbody tr').evaluateAll(all => all.map(row => [...row.cells].map(cell => [...cell.childNodes].map(part => part.textContent).filter(Boolean))))
  const [[code, message, [docs, details]], ...others] = rows
  assert.deepEqual([code, message, docs], [['bid.too_low'], ['bid {least} or more'], 'It is not more than the bid before.'])
  const { least, steps } = JSON.parse(details)
  assert.deepEqual([least.type, least.minimum, steps.type], ['integer', 0, 'array'])
  assert.deepEqual(others, [[['bid.closed'], ['the auction is over'], []]])

  const bid = await opened(page, 'bid')
  assert.deepEqual(await texts(bid.within.locator('.facts li')), ['at most 3 a second, over all connections of a user', 'answered within 1500 ms'])
  assert.ok((await texts(bid.within.locator('.hint'))).includes('Faults: bid.too_low, bid.closed'))
  const wave = await opened(page, 'wave')
  assert.deepEqual(await texts(wave.within.locator('.facts li')), ['at most 4 in 60 s, 2 at once'])
  assert.ok(!(await texts(wave.within.locator('.hint'))).some(text => text.startsWith('Faults')))
})

test('a token and a query are sent as they are entered, and faults come with their details', TEST, async () => {
  const page = await atTheAuction({ token: 'bidder-Ann', paddle: '41' })
  assert.equal(await page.page.getByLabel('Token', { exact: true }).getAttribute('type'), 'password')
  await page.click('connect')
  await page.shows('frame', '{"type":"catalog","lot":"vase","bidder":"Ann","paddle":41}', '[data-direction="heard"]')
  const bid = await opened(page, 'bid')
  await bid.within.getByLabel('amount').fill('12')
  await bid.click('ask')
  await page.shows('frame', 'answers bid 1')
  await bid.click('ask')
  await page.shows('frame', 'error bid.too_low', '.fault')
  await page.shows('frame', 'bid 13 or more', '.fault')
  await page.shows('frame', '"details":{"least":13,"steps":[{"least":13}]}', '.fault')
  await page.picture('contract-list')
})

test('without its token, or with a query that does not fit, it says why it is refused', TEST, async () => {
  const wrong = await atTheAuction({ token: 'somebody' })
  await wrong.click('connect')
  await wrong.shows('status', 'closed by the server: no bidder of ours')
  const page = await atTheAuction({ paddle: '900' })
  await page.click('connect')
  await page.shows('status', 'closed by the server: a paddle is a number below 256')
  await page.page.getByLabel('paddle').fill('9')
  await page.click('connect')
  await page.shows('frame', '"paddle":9')
})

test('a value of every form goes through its form and stays what it is', TEST, async () => {
  const read = path => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
  const { page } = await browser.open(`${example.url}/channels`)
  const wrong = await page.evaluate(async ([contract, said]) => {
    const { Form } = await import('/channels/form.js')
    const at = pointer => pointer.slice(2).split('/').reduce((part, key) => part[key], contract)
    const form = new Form(at)
    const sorted = value => {
      if (typeof value === 'bigint') return Number(value)
      if (typeof value !== 'object' || value === null) return value
      return Array.isArray(value) ? value.map(sorted) : Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]))
    }
    const messages = Object.values(contract.operations).filter(({ action }) => action === 'receive').map(({ messages }) => at(at(messages[0].$ref).$ref))
    return messages.flatMap(({ name, payload: { properties: { type, ref, ...properties } = {}, ...payload } }) => {
      const schema = { ...payload, properties, required: payload.required?.filter(key => key !== 'type') }
      return (said[name] ?? []).flatMap(value => {
        const [before, after] = [value, form.object(name, undefined, schema, value).read()].map(value => JSON.stringify(sorted(value)))
        return before === after ? [] : [`${name}: ${before} is ${after}`]
      })
    })
  }, [read('../contract/documents/corpus.asyncapi.json'), read('../typescript/corpus/said.json')])
  assert.deepEqual(wrong, [])
})

test('nothing was logged as an error, by which the policy would say what it refused', () => {
  assert.deepEqual(browser.complaints, [])
})
