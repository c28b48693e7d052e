// The page of `contract::page`, which the example `chat` mounts at `/channels`: it connects, sends by forms, and shows the answers.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
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
