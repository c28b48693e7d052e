// The table in docs/clients.md is true, and the core within its bounds.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PAGE, channel, core, rows, size, table, tableIn } from './sizes.mjs'

test('the table in docs/clients.md is what esbuild and gzip say', () => {
  assert.equal(tableIn(readFileSync(PAGE, 'utf8')), table(rows()), 'out of date: node tests/typescript/sizes.mjs')
})

test('the core is at most 5.3 kB, less than three quarters of the smallest of the others', () => {
  const all = rows()
  const { gzip } = core()
  assert.ok(gzip <= 5300, `${gzip} bytes`)
  for (const [name, other] of all.slice(3)) assert.ok(gzip < other.gzip * 3 / 4, name)
})

test('a message costs at most 40 bytes, an unused channel nothing', () => {
  const [twenty, forty] = [20, 40].map(messages => size(channel('Game', messages)))
  assert.ok((forty.gzip - twenty.gzip) / 20 <= 40, `${(forty.gzip - twenty.gzip) / 20} bytes`)
  const unused = size(channel('Game', 20) + channel('Other', 20).replaceAll('export class', 'class'))
  assert.equal(unused.min, twenty.min)
})
