// The scripts that every client runs: tests/vectors/scripts.

import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import * as core from './support/core.mjs'
import { play } from './support/script.mjs'

const folder = new URL('../vectors/scripts/', import.meta.url)
const files = readdirSync(folder).filter(name => name.endsWith('.json'))

for (const name of files) {
  const script = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
  test(`${name}: ${script.about}`, () => play(script, core))
}

test('there are scripts', () => { if (files.length < 50) throw new Error(`only ${files.length}`) })
