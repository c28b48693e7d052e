// The same core.ts, unchanged, in Chromium, Node 22, Deno and Bun: all scripts, and a room of the example `chat`; in Chromium that is
// its page.

import { spawn } from 'node:child_process'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { before, after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Example, TEST } from '../browser/example.mjs'
import { bundle } from './support/bundle.mjs'
import { launch } from './support/chromium.mjs'
import { inEachEngine } from './support/engines.mjs'

const path = name => fileURLToPath(new URL(name, import.meta.url))
const scripts = path('../vectors/scripts')
const core = new URL('../../channel-runtime/src/contract/typescript/core.ts', import.meta.url).href

let chat
before(async () => { chat = await Example.start('chat') })
after(() => chat.stop())

inEachEngine('runs core.ts unchanged', TEST, async (program, flags) => {
  const child = spawn(program, [...flags, path('support/engine.mjs'), core, scripts, chat.url], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { out += data })
  const [status] = await once(child, 'close')
  assert.equal(status, 0, out)
  assert.match(out, /^ok \d+\n$/m)
})

test('Chromium plays all scripts to core.ts unchanged', TEST, async () => {
  const names = readdirSync(scripts).filter(name => name.endsWith('.json'))
  const all = Object.fromEntries(names.map(name => [name, JSON.parse(readFileSync(`${scripts}/${name}`, 'utf8'))]))
  const browser = await launch()
  const page = await browser.newPage()
  await page.addScriptTag({ content: bundle('played.ts') })
  assert.equal(await page.evaluate(all => channels.playAll(all), all), names.length)
  await browser.close()
})
