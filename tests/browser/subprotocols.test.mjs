import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, Example, TEST } from './harness.mjs'

let browser, example

before(async () => {
  browser = await Browser.start()
  example = await Example.start('subprotocols')
}, TEST)
after(async () => {
  await browser?.stop()
  assert.equal(await example?.stop(), 0)
}, TEST)

// The table of docs/other-protocols.md.
const SEEN = [
  ['/required', 'ocpp1.6', 'in as ocpp1.6'],
  ['/required', 'soap, ocpp2.0.1, ocpp1.6', 'in as ocpp2.0.1'],
  ['/required', 'channels.1.json', 'in as channels.1.json'],
  ['/required', 'soap', 'closed 1006'],
  ['/required', '', 'closed 1006'],
  ['/required', 'channels.token.secret', 'closed 1006'],
  ['/required', 'ocpp1.6, channels.token.secret', 'in as ocpp1.6'],
  ['/closing', 'graphql-ws, graphql-transport-ws', 'in as graphql-transport-ws'],
  ['/closing', 'graphql-ws', 'closed 1006'],
  ['/closing', '', 'closed 4406 subprotocol not acceptable'],
  ['/optional', 'echo.v1', 'in as echo.v1'],
  ['/optional', 'echo.v2', 'closed 1006'],
  ['/optional', '', 'in without a name'],
  ['/plain', 'channels.1.json', 'in as channels.1.json'],
  ['/plain', 'soap', 'closed 1006'],
  ['/plain', '', 'in without a name'],
]

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
